//! The body of a function that does something before and after it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::boxed::original;
use super::load::anchor;
use crate::function::Function;

/// What the body ends in.
pub(super) fn return_type(function: &Function) -> TokenStream {
    function.returns.as_ref().map_or_else(|| quote!(()), |one| one.ty.to_token_stream())
}

/// The body as a future: what `?` and `return` leave is it alone.
pub(super) fn body(function: &Function) -> TokenStream {
    if function.is_boxed() {
        return original(function);
    }
    let (anchor, body) = (anchor(&return_type(function)), function.body.stream());
    quote_spanned!(Span::mixed_site()=> async move { #anchor #body })
}

/// The function, doing `all` in place of its body.
pub(super) fn around(function: &Function, all: TokenStream) -> TokenStream {
    let all = if function.is_boxed() {
        quote_spanned!(Span::mixed_site()=> ::std::boxed::Box::pin(async move { #all }))
    } else {
        all
    };
    super::outer(function, &all)
}
