//! The settings of `#[invalidates]`.

use proc_macro2::TokenStream;
use syn::{Expr, LitStr, Path};

use super::{Known, Setting, parse, set, unknown};
use crate::diagnostics::Diagnostics;

const KNOWN: &Known = &[
    ("key", "key = \"user:<id>\""),
    ("entry", "entry = get_user(id)"),
    ("on", "on = \"always\""),
    ("at", "at = \"around\""),
    ("cache", "cache = self.cache"),
    ("crate", "crate = ::cache_runtime"),
];

#[derive(Default)]
pub(crate) struct InvalidatesArgs {
    /// In the order they are written.
    pub(crate) targets: Vec<Target>,
    pub(crate) on: Option<LitStr>,
    pub(crate) at: Option<LitStr>,
    pub(crate) cache: Option<Expr>,
    pub(crate) krate: Option<Path>,
}

/// What to invalidate.
pub(crate) enum Target {
    Key(LitStr),
    Entry(Expr),
}

impl InvalidatesArgs {
    pub(crate) fn parse(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        for setting in parse(tokens, diagnostics) {
            args.set(setting, diagnostics);
        }
        args
    }

    fn set(&mut self, setting: Setting, dx: &mut Diagnostics) {
        let name = setting.name.clone();
        match name.to_string().as_str() {
            "key" => self.targets.extend(setting.string(KNOWN, dx).map(Target::Key)),
            "entry" => self.targets.extend(setting.expr(KNOWN, dx).map(Target::Entry)),
            "on" => set(&mut self.on, &name, setting.string(KNOWN, dx), dx),
            "at" => set(&mut self.at, &name, setting.string(KNOWN, dx), dx),
            "cache" if self.cache.is_some() => {
                dx.error(
                    &name,
                    "`cache` is given twice; write one `#[invalidates]` for each cache",
                );
            }
            "cache" => self.cache = setting.expr(KNOWN, dx),
            "crate" => set(&mut self.krate, &name, setting.path(KNOWN, dx), dx),
            _ => unknown(&name, "invalidates", KNOWN, dx),
        }
    }
}
