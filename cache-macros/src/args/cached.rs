//! The settings of `#[cached]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, ExprLit, Lit, LitBool, LitStr, Path};

use super::value::ungrouped;
use super::{Given, Known, Setting, parse, set, unknown};
use crate::diagnostics::Diagnostics;

const KNOWN: &Known = &[
    ("key", "key = \"user:<id>\""),
    ("ttl", "ttl = \"1h 30m\""),
    ("lock", "lock = true"),
    ("local", "local"),
    ("detach", "detach = false"),
    ("companion", "companion = false"),
    ("cache", "cache = self.cache"),
    ("when", "when = id != 0"),
    ("unless", "unless = value.is_empty()"),
    ("none_ttl", "none_ttl = \"30s\""),
    ("stale", "stale = \"5m\""),
    ("refresh", "refresh = 0.8"),
    ("timeout", "timeout = \"200ms\""),
    ("hard_timeout", "hard_timeout = \"2s\""),
    ("err_ttl", "err_ttl = \"5s\""),
    ("jitter", "jitter = 0.1"),
    ("version", "version = 2"),
    ("crate", "crate = ::cache_runtime"),
];

#[derive(Default)]
pub(crate) struct CachedArgs {
    pub(crate) key: Option<LitStr>,
    pub(crate) freshness: FreshnessArgs,
    pub(crate) lock: Option<Lock>,
    pub(crate) local: Option<Ident>,
    pub(crate) detach: Option<Detach>,
    pub(crate) companion: Option<Companion>,
    pub(crate) cache: Option<Expr>,
    pub(crate) when: Option<Expr>,
    pub(crate) unless: Option<Given<Expr>>,
    pub(crate) version: Option<Given<Expr>>,
    pub(crate) krate: Option<Path>,
}

/// How long a value lives, and what happens around its end.
#[derive(Default)]
pub(crate) struct FreshnessArgs {
    pub(crate) ttl: Option<Given<Expr>>,
    pub(crate) none_ttl: Option<Given<Expr>>,
    pub(crate) stale: Option<Given<Expr>>,
    pub(crate) refresh: Option<Given<Expr>>,
    pub(crate) timeout: Option<Given<Expr>>,
    pub(crate) hard_timeout: Option<Given<Expr>>,
    pub(crate) err_ttl: Option<Given<Expr>>,
    pub(crate) jitter: Option<Given<Expr>>,
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
        let fresh = &mut self.freshness;
        match name.to_string().as_str() {
            "key" => set(&mut self.key, &name, setting.string(KNOWN, dx), dx),
            "ttl" => set(&mut fresh.ttl, &name, setting.given(KNOWN, dx), dx),
            "lock" => set(&mut self.lock, &name, lock(setting, dx), dx),
            "local" => set(&mut self.local, &name, flag(setting, dx), dx),
            "detach" => set(&mut self.detach, &name, detach(setting, dx), dx),
            "companion" => set(&mut self.companion, &name, companion(setting, dx), dx),
            "cache" => set(&mut self.cache, &name, setting.expr(KNOWN, dx), dx),
            "when" => set(&mut self.when, &name, setting.expr(KNOWN, dx), dx),
            "unless" => set(&mut self.unless, &name, setting.given(KNOWN, dx), dx),
            "none_ttl" => set(&mut fresh.none_ttl, &name, setting.given(KNOWN, dx), dx),
            "stale" => set(&mut fresh.stale, &name, setting.given(KNOWN, dx), dx),
            "refresh" => set(&mut fresh.refresh, &name, setting.given(KNOWN, dx), dx),
            "timeout" => set(&mut fresh.timeout, &name, setting.given(KNOWN, dx), dx),
            "hard_timeout" => set(&mut fresh.hard_timeout, &name, setting.given(KNOWN, dx), dx),
            "err_ttl" => set(&mut fresh.err_ttl, &name, setting.given(KNOWN, dx), dx),
            "jitter" => set(&mut fresh.jitter, &name, setting.given(KNOWN, dx), dx),
            "version" => set(&mut self.version, &name, setting.given(KNOWN, dx), dx),
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
