//! The lookup, and the load that a miss runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::call::settings;
use super::conditions::Asking;
use super::key::Arguments;
use super::own::{at, with_self_renamed};
use crate::function::tokens::find_ident;
use crate::function::{Argument, Returns};
use crate::model::{Cached, Place};

/// Where errors of a load are shown: in one place, for that the compiler tells each but once.
pub(super) fn here(cached: &Cached) -> Span {
    match cached.place {
        _ if let Some(detach) = cached.detach.as_ref() => at(&detach.name),
        _ if let Some(name) = cached.detaching() => at(name),
        Place::Companion(_) => at(&cached.function.sig.ident),
        Place::Inside { .. } | Place::Boxed { .. } => Span::mixed_site(),
    }
}

/// The future of a load, and what it needs of its own.
pub(super) struct Load {
    /// What the call is told before.
    pub(super) settings: TokenStream,
    /// Copies of what the call borrows.
    pub(super) copies: TokenStream,
    pub(super) future: TokenStream,
}

impl Load {
    /// `call.load(future).await`, or `detached`.
    pub(super) fn run(&self, cached: &Cached) -> TokenStream {
        let Self { settings, copies, future } = self;
        let span = here(cached);
        let method = if cached.is_detached() { "detached" } else { "load" };
        let method = Ident::new(method, span);
        if copies.is_empty() {
            quote_spanned!(span=> #settings.#method(#future).await)
        } else {
            quote_spanned!(span=> #settings.#method({ #copies #future }).await)
        }
    }
}

/// ```text
/// let call = match site.lookup(|key| …) {
///     Lookup::Hit(value) => return value,
///     Lookup::Miss(call) => call,
/// };
/// call.load(future).await
/// ```
///
/// What the expression of `cache` borrows is given back before the load. And what is found is not a part
/// of the future, which it would have to go through on its way to the caller.
pub(super) fn lookup(
    cached: &Cached,
    site: &TokenStream,
    arguments: Arguments,
    load: &TokenStream,
) -> TokenStream {
    let krate = &cached.krate;
    let on = super::site::on_cache(cached);
    let Asking { before, call } = Asking::new(cached, "lookup", arguments, here(cached));
    quote_spanned! {here(cached)=>
        #before
        let call = match #site #on #call {
            #krate::Lookup::Hit(value) => return value,
            #krate::Lookup::Miss(call) => call,
        };
        call #load
    }
}

/// The arguments that a detached load has to copy.
pub(super) fn copied(cached: &Cached) -> impl Iterator<Item = &Argument> {
    let arguments = if cached.is_detached() { &*cached.function.arguments } else { &[] };
    arguments.iter().filter(|argument| argument.is_reference() && argument.may_borrow())
}

/// `let name = name.to_owned();`
pub(super) fn copies(cached: &Cached) -> TokenStream {
    let copies = copied(cached).map(|argument| {
        let (name, span) = (&argument.name, at(&argument.ty));
        let mut borrowed = name.clone();
        borrowed.set_span(name.span().located_at(span));
        quote_spanned!(span=> let #name = ::std::borrow::ToOwned::to_owned(#borrowed);)
    });
    copies.collect()
}

/// The load of a function whose body stands inside of it.
pub(super) fn of_body(cached: &Cached, returns: &Returns) -> Load {
    let span = here(cached);
    let mut copies = copies(cached);
    let mut body = cached.function.body.stream();
    let mut lent: TokenStream = copied(cached).map(lend).collect();
    // What the key alone names has a copy as well: a body may name it where no token says so, as in
    // `format!("{name}")`.
    for Argument { name, .. } in copied(cached) {
        if find_ident(body.clone(), |ident| ident == name).is_none() {
            lent.extend(quote_spanned!(span=> let _ = &#name;));
        }
    }
    if let Some(receiver) = cached.function.receiver()
        && cached.is_detached()
        && cached.function.receiver_is_reference()
    {
        let this = Ident::new("this", span.located_at(receiver.self_token.span));
        let receiver = receiver.self_token;
        copies.extend(
            quote_spanned!(this.span()=> let #this = ::core::clone::Clone::clone(#receiver);),
        );
        lent.extend(quote_spanned!(span=> let #this = &#this;));
        body = with_self_renamed(body, &this);
    }
    let anchor = anchor(&returns.ty);
    Load {
        settings: settings(cached, Arguments::AsWritten),
        copies,
        future: quote_spanned!(span=> async move { #lent #anchor #body }),
    }
}

/// `let name: &str = &name;`: the body has the type it was written for.
pub(super) fn lend(argument: &Argument) -> TokenStream {
    let name = &argument.name;
    let elem = match &argument.ty {
        Type::Reference(reference) => reference.elem.to_token_stream(),
        ty => ty.to_token_stream(),
    };
    quote_spanned!(at(&argument.ty)=> let #name: &#elem = &#name;)
}

/// Tells the compiler the type of an `async` block before it meets a `?` or a `return`.
pub(super) fn anchor(ty: &(impl ToTokens + Spanned)) -> TokenStream {
    quote_spanned! {at(ty)=>
        if let ::core::option::Option::Some(out) = ::core::option::Option::None::<#ty> {
            return out;
        }
    }
}
