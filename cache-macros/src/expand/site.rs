//! The static call site, and what the return type makes of it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;

use super::own::{at, borrowed};
use super::{call, policy};
use crate::crate_path::CratePath;
use crate::function::{Returns, Stored};
use crate::model::Cached;

/// `static SITE: Site = …;`, and what else has to be constant.
pub(super) fn definition(cached: &Cached) -> TokenStream {
    let Cached { krate, function, .. } = cached;
    let name = function.sig.ident.unraw().to_string();
    let template = cached.key.as_ref().map(|key| key.literal.value()).unwrap_or_default();
    let policy = policy::expand(cached);
    let constants = call::constants(cached);
    quote_spanned! {Span::mixed_site()=>
        static SITE: #krate::Site = #krate::Site::new(
            ::core::module_path!(), #name, #template, #policy,
        );
        #constants
    }
}

/// `Returns::<R>::new().kind()`, which decides what `R` stores.
pub(super) fn kind(krate: &CratePath, ty: &impl ToTokens) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> #krate::Returns::<#ty>::new().kind())
}

/// `kind.errors().serde().at(&SITE)`: the site as the return type needs it.
pub(super) fn typed(cached: &Cached, returns: &Returns, site: &TokenStream) -> TokenStream {
    let kind = kind(&cached.krate, &returns.ty);
    let span = stored_at(cached);
    let tiers = Ident::new(if cached.local.is_some() { "local" } else { "serde" }, span);
    let at = Ident::new("at", span);
    quote_spanned!(Span::mixed_site()=> #kind.errors().#tiers().#at(#site))
}

/// Where an error is shown that is about the stored type.
fn stored_at(cached: &Cached) -> Span {
    match cached.function.returns.as_ref().map(|returns| stored(cached, returns)) {
        Some(Stored::As(ty) | Stored::AsResolved(ty)) => at(ty),
        None => Span::mixed_site(),
    }
}

fn stored<'a>(cached: &'a Cached, returns: &'a Returns) -> Stored<'a> {
    returns.stored(|ident| cached.function.is_type_parameter(ident))
}

/// The type of the values that are kept, as it stands in signatures.
pub(super) fn value(cached: &Cached, returns: &Returns) -> TokenStream {
    let krate = &cached.krate;
    match stored(cached, returns) {
        Stored::As(ty) => ty.to_token_stream(),
        Stored::AsResolved(ty) => resolved(krate, ty),
    }
}

/// What is behind an alias.
fn resolved(krate: &CratePath, ty: &Type) -> TokenStream {
    let span = at(ty);
    let returns = quote_spanned!(span=> #krate::Returns::<#ty>);
    quote_spanned! {span=>
        #krate::ValueOf<#ty, { use #krate::AnyReturn as _; #returns::OUTER + #returns::INNER }>
    }
}

/// `.on(&cache)`, where the attribute names a cache.
pub(super) fn on_cache(cached: &Cached) -> Option<TokenStream> {
    let cache = borrowed(cached.cache.as_ref()?);
    Some(quote_spanned!(Span::mixed_site()=> .on(#cache)))
}
