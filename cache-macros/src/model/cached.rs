//! A function with `#[cached]`.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, LitBool};

use super::Ttl;
use super::duration::time;
use crate::args::{CachedArgs, Companion, Detach, Lock};
use crate::crate_path::CratePath;
use crate::diagnostics::Diagnostics;
use crate::function::tokens::variables;
use crate::function::{Argument, Function};
use crate::key_template::Template;

pub(crate) struct Cached {
    pub(crate) krate: CratePath,
    pub(crate) function: Function,
    /// Without one, everything that tells two calls apart is the key.
    pub(crate) key: Option<Template>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) lock: Option<Lock>,
    pub(crate) lease: Lease,
    pub(crate) local: Option<Ident>,
    pub(crate) version: Option<Expr>,
    pub(crate) detach: Option<Detach>,
    pub(crate) cache: Option<Expr>,
    pub(crate) place: Place,
    /// `companion = false`
    pub(crate) without_companion: Option<LitBool>,
}

/// The right of one process to load.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    No,
    Default,
    Millis(u64),
}

/// Where the site and the body stand.
#[derive(PartialEq, Eq)]
pub(crate) enum Place {
    /// Beside the function, under this name.
    Companion(Ident),
    /// Inside of the function; under this name, a method that makes the entry.
    Inside { entry: Option<Ident> },
    /// Inside of the boxed future that the function returns.
    Boxed { entry: Option<Ident> },
}

impl Cached {
    pub(crate) fn new(args: CachedArgs, function: Function, diagnostics: &mut Diagnostics) -> Self {
        let (without_companion, name) = match args.companion {
            None => (None, None),
            Some(Companion::None(no)) => (Some(no), None),
            Some(Companion::Named(name)) => (None, Some(name)),
        };
        Self {
            krate: CratePath::new(args.krate, diagnostics),
            key: args.key.map(|key| Template::parse(key, diagnostics)),
            ttl: args.ttl.and_then(|ttl| Ttl::new(ttl, diagnostics)),
            lease: lease(args.lock.as_ref(), diagnostics),
            lock: args.lock,
            local: args.local,
            version: args.version,
            detach: args.detach,
            cache: args.cache,
            place: place(&function, without_companion.is_some(), name),
            without_companion,
            function,
        }
    }

    /// Whether the load goes on when its callers leave.
    pub(crate) fn is_detached(&self) -> bool {
        self.detach.as_ref().map_or_else(|| self.function.owns_all(), |detach| detach.on)
    }

    /// The arguments that tell which entry of which cache is meant.
    pub(crate) fn keyed_arguments(&self) -> impl Iterator<Item = &Argument> {
        let by_cache = self.cache_variables();
        self.function.arguments.iter().filter(move |argument| match &self.key {
            None => true,
            Some(template) => {
                let named =
                    template.placeholders().any(|one| argument.binding(&one.root).is_some());
                named || by_cache.iter().any(|name| argument.bindings.contains(name))
            }
        })
    }

    /// Whether the expression of `cache` names an argument or the receiver.
    pub(crate) fn cache_depends_on_call(&self) -> bool {
        let bound = |name: &Ident| {
            name == "self" || self.function.arguments.iter().any(|one| one.bindings.contains(name))
        };
        self.cache_variables().iter().any(bound)
    }

    fn cache_variables(&self) -> Vec<Ident> {
        self.cache.as_ref().map(|cache| variables(cache.to_token_stream())).unwrap_or_default()
    }
}

fn place(function: &Function, without_companion: bool, name: Option<Ident>) -> Place {
    if function.is_boxed() {
        Place::Boxed { entry: name }
    } else if function.receiver().is_some() || without_companion {
        Place::Inside { entry: name }
    } else {
        Place::Companion(name.unwrap_or_else(|| function.sig.ident.clone()))
    }
}

fn lease(lock: Option<&Lock>, diagnostics: &mut Diagnostics) -> Lease {
    match lock {
        Some(Lock { lease: Some(text), .. }) => {
            time(text, "lock", diagnostics).map_or(Lease::Default, Lease::Millis)
        }
        Some(Lock { on: true, .. }) => Lease::Default,
        _ => Lease::No,
    }
}
