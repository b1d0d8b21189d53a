//! The code that stands in the place of the user's function.
//!
//! It names the user's tokens, `::core`, `::std` and one hidden module of the runtime. What it binds
//! has the hygiene of this crate, so that no argument's name is in its way.

mod body;
mod boxed;
mod call;
mod companion;
mod conditions;
mod inside;
mod invalidates;
mod key;
mod lints;
mod load;
mod own;
mod policy;
mod site;
mod write_behind;
mod write_through;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::quote_spanned;
use syn::Signature;

use crate::args::{CachedArgs, InvalidatesArgs, WriteBehindArgs, WriteThroughArgs};
use crate::check;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::model::{Cached, Invalidates, Place, WriteBehind, WriteThrough};

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

pub(crate) fn write_through(
    args: TokenStream,
    item: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<TokenStream> {
    let args = WriteThroughArgs::parse(args, diagnostics);
    let function = Function::parse(item, "write_through", diagnostics)?;
    let write = WriteThrough::new(args, function, diagnostics);
    check::write_through(&write, diagnostics);
    diagnostics.is_empty().then(|| write_through::expand(&write))
}

pub(crate) fn write_behind(
    args: TokenStream,
    item: TokenStream,
    diagnostics: &mut Diagnostics,
) -> Option<TokenStream> {
    let args = WriteBehindArgs::parse(args, diagnostics);
    let function = Function::parse(item, "write_behind", diagnostics)?;
    let write = WriteBehind::new(args, function, diagnostics);
    check::write_behind(&write, diagnostics);
    diagnostics.is_empty().then(|| write_behind::expand(&write))
}

/// The user's function with another body.
fn outer(function: &Function, body: &TokenStream) -> TokenStream {
    let inner_attrs = &function.inner_attrs;
    let body = quote_spanned!(Span::mixed_site()=> #(#inner_attrs)* #body);
    with_body(function, &function.sig, body)
}

fn with_body(function: &Function, sig: &Signature, body: TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let attrs = function.outer_attrs();
    let underscored = lints::of_underscored(function);
    let vis = &function.vis;
    let mut braces = Group::new(Delimiter::Brace, body);
    braces.set_span(function.body.span());
    quote_spanned!(span=> #(#attrs)* #underscored #vis #sig #braces)
}
