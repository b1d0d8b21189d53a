//! What a call is told before it loads.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ReturnType, parse_quote_spanned};

use super::conditions::unless;
use super::key::Arguments;
use super::own::at;
use super::policy::{evaluated, setting};
use crate::args::Given;
use crate::model::{Cached, Time};

/// `.ttl_of(|value| …).unless(move |value| …).err_ttl_secs(5).hard_timeout_secs(2)`
pub(super) fn settings(cached: &Cached, arguments: Arguments) -> TokenStream {
    let ttl_of = ttl_of(cached);
    let unless = unless(cached, arguments);
    let times = times(cached).map(|given| {
        let name = Ident::new(&given.name.to_string(), at(&given.name));
        setting(&name, &given.value, |expr| {
            let time = evaluated(expr, &cached.krate);
            quote_spanned!(at(expr)=> const { #time })
        })
    });
    quote!(#ttl_of #unless #(#times)*)
}

/// `.ttl_of(|value| -> Duration { … })`, also for entries.
///
/// With its return type, clippy doesn't take the closure for the function that it may call: that
/// would be a constant to `ttl`.
pub(super) fn ttl_of(cached: &Cached) -> Option<TokenStream> {
    let mut closure = cached.freshness.ttl_of_value()?.clone();
    let span = at(&closure);
    if let ReturnType::Default = closure.output {
        let body = &closure.body;
        if !matches!(**body, Expr::Block(_)) {
            closure.body = parse_quote_spanned!(at(body)=> { #body });
        }
        closure.output = parse_quote_spanned!(span=> -> ::core::time::Duration);
    }
    let method = Ident::new("ttl_of", span);
    Some(quote_spanned!(span=> .#method(#closure)))
}

/// The constants of a call, for the compiler to evaluate where it checks: it looks into an inline
/// `const` when it writes code, and tells its errors once for each.
pub(super) fn constants(cached: &Cached) -> TokenStream {
    let constants = times(cached).filter_map(|given| given.value.constant()).map(|expr| {
        let time = evaluated(expr, &cached.krate);
        quote_spanned!(Span::mixed_site()=> const _: ::core::time::Duration = #time;)
    });
    constants.collect()
}

fn times(cached: &Cached) -> impl Iterator<Item = &Given<Time>> {
    [&cached.freshness.err_ttl, &cached.freshness.hard_timeout].into_iter().flatten()
}
