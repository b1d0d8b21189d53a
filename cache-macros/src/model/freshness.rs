//! How long a value lives, and what happens around its end.

use proc_macro2::Ident;
use syn::{Expr, ExprClosure};

use super::duration::string;
use super::{Fraction, Time};
use crate::args::{FreshnessArgs, Given};
use crate::diagnostics::Diagnostics;

pub(crate) struct Freshness {
    pub(crate) ttl: Option<Given<Ttl>>,
    pub(crate) none_ttl: Option<Given<NoneTtl>>,
    pub(crate) stale: Option<Given<Time>>,
    pub(crate) refresh: Option<Given<Refresh>>,
    pub(crate) timeout: Option<Given<Time>>,
    pub(crate) hard_timeout: Option<Given<Time>>,
    pub(crate) err_ttl: Option<Given<Time>>,
    pub(crate) jitter: Option<Given<Fraction>>,
}

/// How long an entry lives.
pub(crate) enum Ttl {
    Of(Time),
    Forever,
    /// A closure over the value.
    OfValue(ExprClosure),
}

/// How long a cached `None` lives.
pub(crate) enum NoneTtl {
    Of(Time),
    Never,
}

/// When an entry is loaded anew before it ends.
pub(crate) enum Refresh {
    /// At this part of its ttl.
    At(Fraction),
    /// By a probability that grows with the cost of its load.
    Xfetch,
}

impl Freshness {
    pub(super) fn new(args: FreshnessArgs, dx: &mut Diagnostics) -> Self {
        Self {
            ttl: args.ttl.map(|given| given.map(|name, expr| Ttl::new(name, expr, dx))),
            none_ttl: args
                .none_ttl
                .map(|given| given.map(|name, expr| NoneTtl::new(name, expr, dx))),
            stale: time(args.stale, dx),
            refresh: args.refresh.map(|given| given.map(|_, expr| Refresh::new(expr, dx))),
            timeout: time(args.timeout, dx),
            hard_timeout: time(args.hard_timeout, dx),
            err_ttl: time(args.err_ttl, dx),
            jitter: args.jitter.map(|given| given.map(|_, expr| jitter(expr, dx))),
        }
    }

    /// The setting that has loads run in the background, if one does.
    pub(crate) fn in_background(&self) -> Option<&Ident> {
        let refresh = self.refresh.as_ref().map(|given| &given.name);
        let times = [&self.stale, &self.timeout, &self.hard_timeout].into_iter().flatten();
        refresh.or(times.map(|given| &given.name).next())
    }

    /// The closure that finds the ttl of a value.
    pub(crate) fn ttl_of_value(&self) -> Option<&ExprClosure> {
        match &self.ttl {
            Some(Given { value: Ttl::OfValue(closure), .. }) => Some(closure),
            _ => None,
        }
    }

    /// What the compiler has to evaluate, with the names of the settings.
    pub(crate) fn constants(&self) -> Vec<(&Ident, &Expr)> {
        let Self { ttl, none_ttl, stale, refresh, timeout, hard_timeout, err_ttl, jitter } = self;
        let times = [stale, timeout, hard_timeout, err_ttl]
            .map(|time| constant(time.as_ref(), Time::constant));
        let others = [
            constant(ttl.as_ref(), Ttl::constant),
            constant(none_ttl.as_ref(), NoneTtl::constant),
            constant(refresh.as_ref(), Refresh::constant),
            constant(jitter.as_ref(), Fraction::constant),
        ];
        others.into_iter().chain(times).flatten().collect()
    }
}

impl Ttl {
    pub(super) fn new(name: &Ident, expr: Expr, diagnostics: &mut Diagnostics) -> Self {
        match expr {
            Expr::Closure(closure) => Self::OfValue(closure),
            expr if is_text(&expr, "forever") => Self::Forever,
            expr => Self::Of(Time::new(name, expr, diagnostics)),
        }
    }

    pub(crate) fn constant(&self) -> Option<&Expr> {
        match self {
            Self::Of(time) => time.constant(),
            Self::Forever | Self::OfValue(_) => None,
        }
    }
}

impl NoneTtl {
    fn new(name: &Ident, expr: Expr, diagnostics: &mut Diagnostics) -> Self {
        if is_text(&expr, "never") {
            Self::Never
        } else {
            Self::Of(Time::new(name, expr, diagnostics))
        }
    }

    fn constant(&self) -> Option<&Expr> {
        match self {
            Self::Of(time) => time.constant(),
            Self::Never => None,
        }
    }
}

impl Refresh {
    fn new(expr: Expr, diagnostics: &mut Diagnostics) -> Self {
        if is_text(&expr, "xfetch") {
            return Self::Xfetch;
        }
        let message =
            "`refresh` is a part of the ttl between 0 and 1, such as `0.8`, or `\"xfetch\"`";
        let is_allowed = |part| 0.0 < part && part < 1.0;
        Self::At(Fraction::new(expr, is_allowed, message, diagnostics))
    }

    fn constant(&self) -> Option<&Expr> {
        match self {
            Self::At(fraction) => fraction.constant(),
            Self::Xfetch => None,
        }
    }
}

fn jitter(expr: Expr, diagnostics: &mut Diagnostics) -> Fraction {
    let message = "`jitter` is a part of the ttl, less than 1, such as `0.1`";
    Fraction::new(expr, |part| (0.0..1.0).contains(&part), message, diagnostics)
}

fn time(given: Option<Given<Expr>>, diagnostics: &mut Diagnostics) -> Option<Given<Time>> {
    given.map(|given| given.map(|name, expr| Time::new(name, expr, diagnostics)))
}

fn constant<T>(
    given: Option<&Given<T>>,
    constant: impl FnOnce(&T) -> Option<&Expr>,
) -> Option<(&Ident, &Expr)> {
    let given = given?;
    Some((&given.name, constant(&given.value)?))
}

fn is_text(expr: &Expr, text: &str) -> bool {
    string(expr).is_some_and(|string| string.value() == text)
}
