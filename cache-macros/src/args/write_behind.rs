//! The settings of `#[write_behind]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, Path};

use super::{Known, Setting, TargetArgs, parse, set, unknown};
use crate::diagnostics::Diagnostics;

const KNOWN: &Known = &[
    ("key", "key = \"item:<item.id>\""),
    ("entry", "entry = get_item(item.id)"),
    ("value", "value = item"),
    ("batch", "batch = 100"),
    ("every", "every = \"1s\""),
    ("max_pending", "max_pending = 10_000"),
    ("retries", "retries = 8"),
    ("flush", "flush = save_items"),
    ("ttl", "ttl = \"1h 30m\""),
    ("version", "version = 2"),
    ("cache", "cache = &CACHE"),
    ("crate", "crate = ::cache_runtime"),
];

#[derive(Default)]
pub(crate) struct WriteBehindArgs {
    pub(crate) target: TargetArgs,
    pub(crate) batch: Option<Expr>,
    /// With its name.
    pub(crate) every: Option<(Ident, Expr)>,
    pub(crate) max_pending: Option<Expr>,
    pub(crate) retries: Option<Expr>,
    pub(crate) flush: Option<Path>,
    pub(crate) krate: Option<Path>,
}

impl WriteBehindArgs {
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
            "batch" => set(&mut self.batch, &name, setting.expr(KNOWN, dx), dx),
            "every" => {
                let every = setting.expr(KNOWN, dx).map(|every| (name.clone(), every));
                set(&mut self.every, &name, every, dx);
            }
            "max_pending" => set(&mut self.max_pending, &name, setting.expr(KNOWN, dx), dx),
            "retries" => set(&mut self.retries, &name, setting.expr(KNOWN, dx), dx),
            "flush" => set(&mut self.flush, &name, setting.path(KNOWN, dx), dx),
            "crate" => set(&mut self.krate, &name, setting.path(KNOWN, dx), dx),
            _ => {
                if let Some(setting) = self.target.take(setting, KNOWN, dx) {
                    unknown(&setting.name, "write_behind", KNOWN, dx);
                }
            }
        }
    }
}
