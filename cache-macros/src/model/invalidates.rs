//! A function with `#[invalidates]`.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, LitStr};

use crate::args::{InvalidatesArgs, Target};
use crate::crate_path::CratePath;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::function::tokens::variables;
use crate::key_template::Template;

/// What the success value is called in the settings.
const RESULT: &str = "result";

pub(crate) struct Invalidates {
    pub(crate) krate: CratePath,
    pub(crate) function: Function,
    pub(crate) targets: Vec<Invalidated>,
    pub(crate) on: Option<LitStr>,
    pub(crate) at: Option<LitStr>,
    pub(crate) cache: Option<Expr>,
}

pub(crate) enum Invalidated {
    Key(Template),
    Entry(Expr),
}

impl Invalidates {
    pub(crate) fn new(
        args: InvalidatesArgs,
        function: Function,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let targets = args.targets.into_iter().map(|target| match target {
            Target::Key(key) => Invalidated::Key(Template::parse(key, diagnostics)),
            Target::Entry(entry) => Invalidated::Entry(entry),
        });
        Self {
            targets: targets.collect(),
            krate: CratePath::new(args.krate, diagnostics),
            function,
            on: args.on,
            at: args.at,
            cache: args.cache,
        }
    }

    /// Whether an error invalidates, too.
    pub(crate) fn is_always(&self) -> bool {
        self.on.as_ref().is_some_and(|on| on.value() == "always")
    }

    /// Whether a barrier stands around the body.
    pub(crate) fn is_around(&self) -> bool {
        self.at.as_ref().is_some_and(|at| at.value() == "around")
    }
}

impl Invalidated {
    /// The success value as the settings name it, if they do.
    pub(crate) fn result(&self) -> Option<Ident> {
        match self {
            Self::Key(template) => {
                let named = template.placeholders().any(|placeholder| placeholder.root == RESULT);
                named.then(|| Ident::new(RESULT, template.literal.span()))
            }
            Self::Entry(entry) => {
                variables(entry.to_token_stream()).into_iter().find(|name| name == RESULT)
            }
        }
    }
}
