//! What the settings are to the runtime, as a constant.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::Expr;

use super::own::at;
use crate::crate_path::CratePath;
use crate::model::{Cached, Fraction, Freshness, Lease, NoneTtl, Refresh, Time, Ttl, Written};

/// `Policy::new().ttl_secs(3600).lock()`
pub(super) fn expand(cached: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &cached.krate;
    let freshness = freshness(&cached.freshness, krate);
    let lock = match cached.lease {
        Lease::No => None,
        Lease::Default => Some(quote_spanned!(span=> .lock())),
        Lease::Millis(millis) => {
            let millis = Literal::u64_unsuffixed(millis);
            Some(quote_spanned!(span=> .lease_millis(#millis)))
        }
    };
    let local = cached.local.as_ref().map(|_| quote_spanned!(span=> .local()));
    let version = cached.version.as_ref().map(|version| {
        let expr = &version.value;
        quote_spanned!(span=> .version(#expr))
    });
    quote_spanned!(span=> #krate::Policy::new() #freshness #lock #local #version)
}

fn freshness(freshness: &Freshness, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let Freshness { ttl, none_ttl, stale, refresh, timeout, jitter, .. } = freshness;
    let ttl = ttl.as_ref().map(|ttl| self::ttl(&ttl.value, krate));
    let none_ttl = none_ttl.as_ref().map(|none_ttl| match &none_ttl.value {
        NoneTtl::Of(time) => set("none_ttl", time, krate),
        NoneTtl::Never => quote_spanned!(span=> .none_ttl_millis(0)),
    });
    let stale = stale.as_ref().map(|stale| set("stale", &stale.value, krate));
    let refresh = refresh.as_ref().map(|refresh| match &refresh.value {
        Refresh::At(fraction) => part("refresh_at", "early", fraction, krate),
        Refresh::Xfetch => quote_spanned!(span=> .xfetch(1.0)),
    });
    let timeout = timeout.as_ref().map(|timeout| set("timeout", &timeout.value, krate));
    let jitter = jitter.as_ref().map(|jitter| part("jitter", "jitter", &jitter.value, krate));
    quote_spanned!(span=> #ttl #none_ttl #stale #refresh #timeout #jitter)
}

fn ttl(ttl: &Ttl, krate: &CratePath) -> TokenStream {
    match ttl {
        Ttl::Of(time) => set("ttl", time, krate),
        Ttl::Forever => quote_spanned!(Span::mixed_site()=> .forever()),
        Ttl::OfValue(_) => TokenStream::new(),
    }
}

/// `Policy::new().ttl_secs(3600)`, for what a function writes.
pub(super) fn of_written(written: &Written, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let ttl = written.ttl.as_ref().map(|ttl| self::ttl(ttl, krate));
    let version = written.version.as_ref().map(|expr| quote_spanned!(span=> .version(#expr)));
    quote_spanned!(span=> #krate::Policy::new() #ttl #version)
}

fn set(name: &str, time: &Time, krate: &CratePath) -> TokenStream {
    setting(&Ident::new(name, Span::mixed_site()), time, |expr| evaluated(expr, krate))
}

/// `.name_secs(5)`, `.name_millis(250)`, or `.name(…)` with what `constant` makes of an expression.
pub(super) fn setting(
    name: &Ident,
    time: &Time,
    constant: impl FnOnce(&Expr) -> TokenStream,
) -> TokenStream {
    let span = name.span();
    let literal = |unit: &str, number| {
        let method = Ident::new(&format!("{name}_{unit}"), span);
        let number = Literal::u64_unsuffixed(number);
        quote_spanned!(span=> .#method(#number))
    };
    match time {
        Time::Millis(millis) if millis % 1000 == 0 => literal("secs", millis / 1000),
        Time::Millis(millis) => literal("millis", *millis),
        Time::Constant(expr) => {
            let time = constant(expr);
            quote_spanned!(span=> .#name(#time))
        }
    }
}

/// `Time(EXPR).get()`
pub(super) fn evaluated(expr: &Expr, krate: &CratePath) -> TokenStream {
    let krate = krate.at(at(expr));
    quote_spanned!(at(expr)=> #krate::Time(#expr).get())
}

/// `.name(0.8)`, or `.name(Fraction(EXPR).check())`
fn part(name: &str, check: &str, fraction: &Fraction, krate: &CratePath) -> TokenStream {
    match fraction {
        Fraction::Known(number) => {
            let (name, number) =
                (Ident::new(name, Span::mixed_site()), Literal::f64_unsuffixed(*number));
            quote_spanned!(name.span()=> .#name(#number))
        }
        Fraction::Constant(expr) => {
            let (name, check) = (Ident::new(name, at(expr)), Ident::new(check, at(expr)));
            let krate = krate.at(at(expr));
            quote_spanned!(at(expr)=> .#name(#krate::Fraction(#expr).#check()))
        }
    }
}
