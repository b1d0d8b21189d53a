//! The settings of `#[cached]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, ExprLit, Lit, LitBool, LitStr, Path};

use super::value::ungrouped;
use super::{Known, Setting, parse, set, unknown};
use crate::diagnostics::Diagnostics;

const KNOWN: &Known = &[
    ("key", "key = \"user:<id>\""),
    ("ttl", "ttl = \"1h 30m\""),
    ("lock", "lock = true"),
    ("local", "local"),
    ("detach", "detach = false"),
    ("companion", "companion = false"),
    ("cache", "cache = self.cache"),
    ("version", "version = 2"),
    ("crate", "crate = ::cache_runtime"),
];

#[derive(Default)]
pub(crate) struct CachedArgs {
    pub(crate) key: Option<LitStr>,
    pub(crate) ttl: Option<Expr>,
    pub(crate) lock: Option<Lock>,
    pub(crate) local: Option<Ident>,
    pub(crate) detach: Option<Detach>,
    pub(crate) companion: Option<Companion>,
    pub(crate) cache: Option<Expr>,
    pub(crate) version: Option<Expr>,
    pub(crate) krate: Option<Path>,
}

/// `lock = true`, or with the time of its lease.
pub(crate) struct Lock {
    pub(crate) name: Ident,
    pub(crate) on: bool,
    pub(crate) lease: Option<LitStr>,
}

/// `detach` or `detach = false`.
pub(crate) struct Detach {
    pub(crate) name: Ident,
    pub(crate) on: bool,
}

pub(crate) enum Companion {
    None(LitBool),
    Named(Ident),
}

impl CachedArgs {
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
            "key" => set(&mut self.key, &name, setting.string(KNOWN, dx), dx),
            "ttl" => set(&mut self.ttl, &name, setting.expr(KNOWN, dx), dx),
            "lock" => set(&mut self.lock, &name, lock(setting, dx), dx),
            "local" => set(&mut self.local, &name, flag(setting, dx), dx),
            "detach" => set(&mut self.detach, &name, detach(setting, dx), dx),
            "companion" => set(&mut self.companion, &name, companion(setting, dx), dx),
            "cache" => set(&mut self.cache, &name, setting.expr(KNOWN, dx), dx),
            "version" => set(&mut self.version, &name, setting.expr(KNOWN, dx), dx),
            "crate" => set(&mut self.krate, &name, setting.path(KNOWN, dx), dx),
            _ => unknown(&name, "cached", KNOWN, dx),
        }
    }
}

fn lock(setting: Setting, diagnostics: &mut Diagnostics) -> Option<Lock> {
    let name = setting.name.clone();
    match setting.expr(KNOWN, diagnostics)? {
        Expr::Lit(ExprLit { lit: Lit::Bool(on), .. }) => {
            Some(Lock { name, on: on.value, lease: None })
        }
        Expr::Lit(ExprLit { lit: Lit::Str(lease), .. }) => {
            Some(Lock { name, on: true, lease: Some(lease) })
        }
        other => {
            let message = "`lock` is `true`, `false` or the time of a lease, such as `\"10s\"`";
            diagnostics.error(other, message);
            None
        }
    }
}

fn flag(setting: Setting, diagnostics: &mut Diagnostics) -> Option<Ident> {
    let Setting { name, value } = setting;
    if let Some(value) = value {
        diagnostics
            .error(value, format!("`{name}` takes no value; write `{name}` or leave it out"));
        return None;
    }
    Some(name)
}

fn detach(setting: Setting, diagnostics: &mut Diagnostics) -> Option<Detach> {
    let Setting { name, value } = setting;
    match value.map(ungrouped) {
        None => Some(Detach { name, on: true }),
        Some(Expr::Lit(ExprLit { lit: Lit::Bool(on), .. })) => Some(Detach { name, on: on.value }),
        Some(other) => {
            diagnostics.error(other, "write `detach` or `detach = false`");
            None
        }
    }
}

fn companion(setting: Setting, diagnostics: &mut Diagnostics) -> Option<Companion> {
    match setting.expr(KNOWN, diagnostics)? {
        Expr::Lit(ExprLit { lit: Lit::Bool(no), .. }) if !no.value => Some(Companion::None(no)),
        Expr::Path(path) if path.path.get_ident().is_some() => {
            path.path.get_ident().cloned().map(Companion::Named)
        }
        other => {
            let message = "`companion` is `false` or a name, such as `companion = user_entry`";
            diagnostics.error(other, message);
            None
        }
    }
}
