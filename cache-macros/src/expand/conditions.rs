//! `when` and `unless`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, ReceiverKind};

use super::key::{Arguments, patterns, render};
use super::load::lend;
use super::own::{at, with_self_renamed};
use crate::function::tokens::{may_bind, variables};
use crate::function::{Argument, Function};
use crate::model::Cached;

/// What is asked of a site.
pub(super) struct Asking {
    /// `let cached: bool = when;`, while the arguments are there.
    pub(super) before: TokenStream,
    /// `.lookup(#[inline(always)] |key| …)`, or `.lookup_if(cached, |key| …)`; `.refresh(|key| …)` likewise.
    pub(super) call: TokenStream,
}

impl Asking {
    pub(super) fn new(cached: &Cached, method: &str, arguments: Arguments, span: Span) -> Self {
        let key = render(cached, arguments);
        let Some(when) = &cached.when else {
            // What a hit compares is written in place, however much of it there is: in registers.
            let inline = (method == "lookup").then(|| quote_spanned!(span=> #[inline(always)]));
            let method = Ident::new(method, span);
            let call = quote_spanned!(span=> .#method(#inline #key));
            return Self { before: TokenStream::new(), call };
        };
        let method = Ident::new(&format!("{method}_if"), span);
        let parts = parts(&cached.function, when, arguments);
        let when = if parts.is_empty() {
            when.to_token_stream()
        } else {
            quote_spanned!(at(when)=> { #parts #when })
        };
        Self {
            before: quote_spanned!(at(&when)=> let cached: bool = #when;),
            call: quote_spanned!(span=> .#method(cached, #key)),
        }
    }
}

/// Binds what `expr` names of patterns that the signature has a name for, as the user's own patterns
/// would.
fn parts(function: &Function, expr: &Expr, arguments: Arguments) -> TokenStream {
    if arguments == Arguments::AsWritten {
        return TokenStream::new();
    }
    let names = variables(expr.to_token_stream());
    let mut parts = patterns(function, arguments, |binding| names.contains(binding));
    for Named { argument, binding, span, allow } in named(function, expr) {
        if argument.destructured && !argument.binds_reference(binding) {
            parts.extend(quote_spanned! {span=>
                #allow let #binding = ::core::clone::Clone::clone(#binding);
            });
        }
    }
    parts
}

/// `.unless(move |value| expr)`. It may run when the call has ended, and has copies of what it names.
pub(super) fn unless(cached: &Cached, arguments: Arguments) -> Option<TokenStream> {
    let unless = cached.unless.as_ref()?;
    let span = at(&unless.name);
    let mut copies = parts(&cached.function, &unless.value, arguments);
    let mut lent = TokenStream::new();
    for named in named(&cached.function, &unless.value) {
        copies.extend(named.copied(arguments));
        lent.extend(named.lent());
    }
    let mut expr = unless.value.to_token_stream();
    if let Some(name) = cached.unless_variables().into_iter().find(|name| name == "self") {
        let this = Ident::new("this", at(&name));
        copies.extend(copied_self(&cached.function, &this, &name));
        if cached.function.receiver_is_reference() {
            lent.extend(quote_spanned!(span=> let #this = &#this;));
        }
        expr = with_self_renamed(expr, &this);
    }
    let value = match cached.unless_value() {
        Some(value) => value.into_token_stream(),
        None => quote_spanned!(span=> _),
    };
    let expr = if lent.is_empty() { expr } else { quote_spanned!(span=> { #lent #expr }) };
    let closure = quote_spanned!(span=> move |#value| #expr);
    Some(if copies.is_empty() {
        quote_spanned!(span=> .unless(#closure))
    } else {
        quote_spanned!(span=> .unless({ #copies #closure }))
    })
}

/// What an expression of the user's names of an argument.
struct Named<'a> {
    argument: &'a Argument,
    binding: &'a Ident,
    /// Where it does.
    span: Span,
    /// For that `name` may be somebody else's.
    allow: Option<TokenStream>,
}

fn named<'a>(function: &'a Function, expr: &Expr) -> impl Iterator<Item = Named<'a>> {
    let tokens = expr.to_token_stream();
    let names = variables(tokens.clone());
    let bindings = function
        .arguments
        .iter()
        .flat_map(|argument| argument.bindings.iter().map(move |binding| (argument, binding)));
    bindings.filter_map(move |(argument, binding)| {
        let span = at(names.iter().find(|name| *name == binding)?);
        let allow = may_bind(tokens.clone(), binding)
            .then(|| quote_spanned!(span=> #[allow(unused_variables)]));
        Some(Named { argument, binding, span, allow })
    })
}

impl Named<'_> {
    fn is_reference(&self) -> bool {
        self.argument.binds_reference(self.binding)
    }

    /// `let name = name.to_owned();`
    fn copied(&self, arguments: Arguments) -> Option<TokenStream> {
        let Self { argument, binding, span, allow } = self;
        let mut place = (*binding).clone();
        place.set_span(binding.span().located_at(*span));
        let span = *span;
        if self.is_reference() {
            Some(quote_spanned!(span=> let #binding = ::std::borrow::ToOwned::to_owned(#place);))
        } else if argument.destructured && arguments == Arguments::Named {
            None // `parts` has made it
        } else {
            Some(quote_spanned!(span=> #allow let #binding = ::core::clone::Clone::clone(&#place);))
        }
    }

    /// `let name: &str = &name;`: the expression has the type it was written for.
    fn lent(&self) -> Option<TokenStream> {
        let Self { argument, binding, span, allow } = self;
        if !self.is_reference() {
            return None;
        }
        let lent = if argument.destructured {
            quote_spanned!(*span=> let #binding = &#binding;)
        } else {
            lend(argument)
        };
        Some(quote_spanned!(*span=> #allow #lent))
    }
}

/// `let this = self.clone();`
fn copied_self(function: &Function, this: &Ident, name: &Ident) -> TokenStream {
    let place = match function.receiver().map(|receiver| &receiver.kind) {
        _ if function.receiver_is_reference() => name.to_token_stream(),
        Some(ReceiverKind::Reference(..)) => quote_spanned!(this.span()=> &*#name),
        _ => quote_spanned!(this.span()=> &#name),
    };
    quote_spanned!(this.span()=> let #this = ::core::clone::Clone::clone(#place);)
}
