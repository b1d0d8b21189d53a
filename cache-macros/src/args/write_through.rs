//! The settings of `#[write_through]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, LitStr, Path};

use super::{Known, Setting, parse, set, unknown};
use crate::diagnostics::Diagnostics;

const KNOWN: &Known = &[
    ("key", "key = \"user:<user.id>\""),
    ("entry", "entry = get_user(user.id)"),
    ("value", "value = user"),
    ("ttl", "ttl = \"1h 30m\""),
    ("version", "version = 2"),
    ("cache", "cache = self.cache"),
    ("crate", "crate = ::cache_runtime"),
];

#[derive(Default)]
pub(crate) struct WriteThroughArgs {
    pub(crate) target: TargetArgs,
    pub(crate) krate: Option<Path>,
}

/// What is written, and where it is kept.
#[derive(Default)]
pub(crate) struct TargetArgs {
    pub(crate) key: Option<LitStr>,
    /// Its name is where it is found to be one too many.
    pub(crate) entry: Option<(Ident, Expr)>,
    pub(crate) value: Option<Expr>,
    pub(crate) ttl: Option<(Ident, Expr)>,
    pub(crate) version: Option<(Ident, Expr)>,
    pub(crate) cache: Option<(Ident, Expr)>,
}

impl WriteThroughArgs {
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
            "crate" => set(&mut self.krate, &name, setting.path(KNOWN, dx), dx),
            _ => {
                if let Some(setting) = self.target.take(setting, KNOWN, dx) {
                    unknown(&setting.name, "write_through", KNOWN, dx);
                }
            }
        }
    }
}

impl TargetArgs {
    /// Takes `setting`, or hands it back if it is none of these.
    pub(super) fn take(
        &mut self,
        setting: Setting,
        known: &Known,
        dx: &mut Diagnostics,
    ) -> Option<Setting> {
        let name = setting.name.clone();
        let slot = match name.to_string().as_str() {
            "key" => {
                set(&mut self.key, &name, setting.string(known, dx), dx);
                return None;
            }
            "value" => {
                set(&mut self.value, &name, setting.expr(known, dx), dx);
                return None;
            }
            "entry" => &mut self.entry,
            "ttl" => &mut self.ttl,
            "version" => &mut self.version,
            "cache" => &mut self.cache,
            _ => return Some(setting),
        };
        let expr = setting.expr(known, dx);
        set(slot, &name, expr.map(|expr| (name.clone(), expr)), dx);
        None
    }
}
