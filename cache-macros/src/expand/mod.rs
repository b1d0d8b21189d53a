//! The code that stands in the place of the user's function.
//!
//! It names the user's tokens, `::core`, `::std` and one hidden module of the runtime. What it binds
//! has the hygiene of this crate, so that no argument's name is in its way.

mod boxed;
mod companion;
mod inside;
mod invalidates;
mod key;
mod load;
mod own;
mod site;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::args::{CachedArgs, InvalidatesArgs};
use crate::check;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::model::{Cached, Invalidates, Place};

pub(crate) fn cached(
    args: TokenStream,
    item: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<TokenStream> {
    let args = CachedArgs::parse(args, diagnostics);
    let function = Function::parse(item, "cached", diagnostics)?;
    let cached = Cached::new(args, function, diagnostics);
    check::cached(&cached, diagnostics);
    match &cached.place {
        _ if !diagnostics.is_empty() => None,
        Place::Companion(name) => companion::expand(&cached, name),
        Place::Inside { entry } => inside::expand(&cached, entry.as_ref()),
        Place::Boxed { .. } => boxed::expand(&cached),
    }
}

pub(crate) fn invalidates(
    args: TokenStream,
    item: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<TokenStream> {
    let args = InvalidatesArgs::parse(args, diagnostics);
    let function = Function::parse(item, "invalidates", diagnostics)?;
    let invalidates = Invalidates::new(args, function, diagnostics);
    check::invalidates(&invalidates, diagnostics);
    diagnostics.is_empty().then(|| invalidates::expand(&invalidates))
}

/// The user's function with another body.
fn outer(function: &Function, body: TokenStream) -> TokenStream {
    let Function { vis, sig, inner_attrs, .. } = function;
    let attrs = function.outer_attrs();
    let mut braces = proc_macro2::Group::new(
        proc_macro2::Delimiter::Brace,
        quote_spanned!(Span::mixed_site()=> #(#inner_attrs)* #body),
    );
    braces.set_span(function.body.span());
    quote_spanned!(Span::mixed_site()=> #(#attrs)* #vis #sig #braces)
}
