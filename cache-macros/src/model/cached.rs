//! A function with `#[cached]`.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, LitBool};

use super::Freshness;
use super::duration::time;
use crate::args::{CachedArgs, Companion, Detach, Given, Lock};
use crate::crate_path::CratePath;
use crate::diagnostics::Diagnostics;
use crate::function::tokens::variables;
use crate::function::{Argument, Function};
use crate::key_template::Template;

/// What the success value is called in `unless`.
const VALUE: &str = "value";

pub(crate) struct Cached {
    pub(crate) krate: CratePath,
    pub(crate) function: Function,
    /// Without one, everything that tells two calls apart is the key.
    pub(crate) key: Option<Template>,
    pub(crate) freshness: Freshness,
    pub(crate) lock: Option<Lock>,
    pub(crate) lease: Lease,
    pub(crate) local: Option<Ident>,
    pub(crate) version: Option<Given<Expr>>,
    pub(crate) detach: Option<Detach>,
    pub(crate) cache: Option<Expr>,
    pub(crate) when: Option<Expr>,
    pub(crate) unless: Option<Given<Expr>>,
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
            freshness: Freshness::new(args.freshness, diagnostics),
            lease: lease(args.lock.as_ref(), diagnostics),
            lock: args.lock,
            local: args.local,
            version: args.version,
            detach: args.detach,
            cache: args.cache,
            when: args.when,
            unless: args.unless,
            place: place(&function, without_companion.is_some(), name),
            without_companion,
            function,
        }
    }

    /// Whether the load goes on when its callers leave.
    pub(crate) fn is_detached(&self) -> bool {
        let by_default = || self.detaching().is_some() || self.function.owns_all();
        self.detach.as_ref().map_or_else(by_default, |detach| detach.on)
    }

    /// The setting that detaches loads, if one does.
    pub(crate) fn detaching(&self) -> Option<&Ident> {
        let detach = self.detach.as_ref().filter(|detach| detach.on).map(|detach| &detach.name);
        self.freshness.in_background().or(detach)
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
        self.cache_variables().iter().any(|name| self.function.binds(name))
    }

    fn cache_variables(&self) -> Vec<Ident> {
        named(self.cache.as_ref())
    }

    /// What the settings name of the arguments, or may name.
    pub(crate) fn named_bindings(&self) -> Vec<Ident> {
        let keyed = self.keyed_arguments().flat_map(|argument| argument.bindings.clone());
        keyed.chain(named(self.when.as_ref())).chain(self.unless_variables()).collect()
    }

    /// The names in the expression of `unless`.
    pub(crate) fn unless_variables(&self) -> Vec<Ident> {
        named(self.unless.as_ref().map(|unless| &unless.value))
    }

    /// What the expression of `unless` calls the success value.
    pub(crate) fn unless_value(&self) -> Option<Ident> {
        self.unless_variables().into_iter().find(|name| name == VALUE)
    }
}

fn named(expr: Option<&Expr>) -> Vec<Ident> {
    expr.map(|expr| variables(expr.to_token_stream())).unwrap_or_default()
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
            let millis = time("lock", text).map_err(|error| diagnostics.push(error));
            millis.map_or(Lease::Default, Lease::Millis)
        }
        Some(Lock { on: true, .. }) => Lease::Default,
        _ => Lease::No,
    }
}
