//! A function whose body runs later.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, FnArg, Pat, PatType};

use super::body::return_type;
use super::own::{at, borrowed};
use super::policy::{evaluated, setting};
use super::site::kind;
use super::write_through::{owned, target};
use crate::function::Function;
use crate::function::tokens::{find_ident, respanned};
use crate::key_template::Template;
use crate::model::{Value, WriteBehind};

/// ```text
/// // Input: #[write_behind(key = "item:<item.id>", value = item)]
/// //        async fn save(item: Item) -> R { body }
/// async fn save(item: Item) -> R {
///     let write = WriteThrough::key(Policy::new(), |key| key.text("item:").part(&item.id));
///     let value = item.to_owned();
///     match save::function().write(Returns::<R>::new().kind(), done(…), write, value, &()).await {
///         Behind::Later(returned) => returned,
///         Behind::Now(now) => now.run(save::made(item)).await,
///     }
/// }
/// struct save {}
/// impl save {
///     fn function() -> &'static WriteBehind { static FUNCTION: WriteBehind = …; &FUNCTION }
///     async fn made(item: Item) -> R { body }
///     …
/// }
/// inventory::submit! { Registered(save::function) }
/// ```
pub(super) fn expand(write: &WriteBehind) -> TokenStream {
    let outer = outer(write);
    let companion = companion(write);
    quote!(#outer #companion)
}

/// What it is given it hands on: `mut` is the body's.
fn outer(write: &WriteBehind) -> TokenStream {
    let Function { sig, inner_attrs, .. } = &write.function;
    let mut sig = sig.clone();
    for input in &mut sig.inputs {
        if let FnArg::Typed(PatType { pat, .. }) = input
            && let Pat::Ident(name) = &mut **pat
        {
            name.mutability = None;
        }
    }
    let call = call(write);
    let body = quote_spanned!(Span::mixed_site()=> #(#inner_attrs)* #call);
    super::with_body(&write.function, &sig, body)
}

fn call(write: &WriteBehind) -> TokenStream {
    let WriteBehind { krate, function, written, flush, .. } = write;
    let span = Span::mixed_site();
    let name = &function.sig.ident;
    let target = target(krate, function, written);
    let kind = kind(krate, &return_type(function));
    let done = {
        let span = function.returns.as_ref().map_or(span, |returns| at(&returns.ty));
        let done = Ident::new("done", span);
        quote_spanned!(span=> #krate::#done(#kind))
    };
    let write_name = Ident::new("write", waiting_span(write));
    let (value, place) = match &written.value {
        Value::Argument(path) => (owned(path, function), at(&path.root)),
        _ => return TokenStream::new(), // refused
    };
    let value = match flush {
        None => value,
        Some(flush) => {
            let taken_by = Ident::new("taken_by", at(flush));
            quote_spanned!(span=> #krate::#taken_by(#value, #flush))
        }
    };
    let value_name = Ident::new("value", place);
    let names = function.arguments.iter().map(|argument| &argument.name);
    let all = names.clone();
    let arguments = if write.value_is_all() {
        quote_spanned!(span=> &())
    } else {
        let lent = function.arguments.iter().map(|argument| {
            let (name, span) = (&argument.name, at(&argument.ty));
            quote_spanned!(span=> &#name)
        });
        quote_spanned!(span=> &(#(#lent,)*))
    };
    quote_spanned! {span=>
        let write = #target;
        let #value_name = #value;
        match #name::function().#write_name(#kind, #done, write, #value_name, #arguments).await {
            #krate::Behind::Later(returned) => returned,
            #krate::Behind::Now(now) => now.run(#name::made(#(#all),*)).await,
        }
    }
}

fn companion(write: &WriteBehind) -> TokenStream {
    let WriteBehind { krate, function, .. } = write;
    let span = Span::mixed_site();
    let name = &function.sig.ident;
    let vis = respanned(function.vis.to_token_stream(), span);
    let attrs: Vec<_> = function.companion_attrs().collect();
    let cfg = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let doc = format!(
        " The writes of `{name}`: `flush` makes what waits, `pending` counts it, `dead` tells what was \
        given up.",
    );
    let definition = definition(write);
    let made = made(write);
    let underscored = super::lints::of_underscored(function);
    quote_spanned! {span=>
        #[doc = #doc]
        #(#attrs)*
        #[allow(non_camel_case_types)]
        #vis struct #name {}
        #(#attrs)*
        impl #name {
            #underscored
            fn function() -> &'static #krate::WriteBehind {
                #definition
                &FUNCTION
            }
            #made
            #[doc = " Makes every write that waits, now."]
            #[allow(dead_code, clippy::missing_errors_doc)]
            #vis async fn flush() -> #krate::Result<()> {
                #name::function().flush().await
            }
            #[doc = " How many writes wait."]
            #[allow(dead_code, clippy::missing_errors_doc)]
            #vis async fn pending() -> #krate::Result<u64> {
                #name::function().pending().await
            }
            #[doc = " The writes that were given up."]
            #[allow(dead_code, clippy::missing_errors_doc)]
            #vis async fn dead() -> #krate::Result<::std::vec::Vec<#krate::Dead>> {
                #name::function().dead().await
            }
        }
        #(#cfg)*
        #krate::inventory::submit! { #krate::Registered(#name::function) }
    }
}

/// `static FUNCTION: WriteBehind = …;`
fn definition(write: &WriteBehind) -> TokenStream {
    let WriteBehind { krate, function, written, .. } = write;
    let span = Span::mixed_site();
    let name = &function.sig.ident;
    let flush = flush(write);
    let settings = settings(write);
    let on = written.cache.as_ref().map(|cache| {
        let cache = borrowed(cache);
        quote_spanned!(span=> .on(|| ::core::clone::Clone::clone(#cache)))
    });
    quote_spanned! {span=>
        static FUNCTION: #krate::WriteBehind = #krate::WriteBehind::new(
            ::core::any::type_name::<#name>, #flush,
        ) #settings #on;
    }
}

fn settings(write: &WriteBehind) -> TokenStream {
    let WriteBehind { krate, batch, every, max_pending, retries, flush, .. } = write;
    let number = |name: &str, number: &Option<Expr>| {
        number.as_ref().map(|number| {
            let name = Ident::new(name, at(number));
            quote_spanned!(at(number)=> .#name(#number))
        })
    };
    let batch = number("batch", batch);
    let room = number("max_pending", max_pending);
    let retries = number("retries", retries);
    let every = every.as_ref().map(|every| {
        setting(&Ident::new("every", Span::mixed_site()), every, |expr| evaluated(expr, krate))
    });
    let together = flush.as_ref().map(|flush| quote_spanned!(at(flush)=> .together()));
    quote!(#together #batch #every #room #retries)
}

/// What makes a batch of writes.
fn flush(write: &WriteBehind) -> TokenStream {
    let WriteBehind { krate, function, flush, .. } = write;
    let span = Span::mixed_site();
    if let Some(flush) = flush {
        let together = Ident::new("together", at(flush));
        return quote_spanned!(span=> |batch| batch.#together(#flush));
    }
    let name = &function.sig.ident;
    let kind = kind(krate, &return_type(function));
    if write.value_is_all() {
        let each_value = Ident::new("each_value", waiting_span(write));
        return quote_spanned!(span=> |batch| batch.#each_value(#kind, #name::made));
    }
    let names: Vec<_> = function.arguments.iter().map(|argument| &argument.name).collect();
    let types = function.arguments.iter().map(|argument| &argument.ty);
    let each_call = Ident::new("each_call", waiting_span(write));
    quote_spanned! {span=>
        |batch| batch.#each_call(#kind, |(#(#names,)*): (#(#types,)*)| #name::made(#(#names),*))
    }
}

/// Where an error is shown that is about what waits: at the last argument that is not the value.
fn waiting_span(write: &WriteBehind) -> Span {
    let is_value =
        |name: &Ident| matches!(&write.written.value, Value::Argument(path) if path.root == *name);
    let arguments = &write.function.arguments;
    let other = arguments.iter().rev().find(|argument| !is_value(&argument.name));
    other.or(arguments.last()).map_or_else(Span::mixed_site, |argument| at(&argument.ty))
}

/// The function as it was written, under another name.
fn made(write: &WriteBehind) -> TokenStream {
    let function = &write.function;
    let span = Span::mixed_site();
    let mut sig = function.sig.clone();
    sig.ident = Ident::new("made", span);
    let (inner_attrs, body) = (&function.inner_attrs, function.body.stream());
    let uses = uses(write);
    quote_spanned! {span=>
        #[allow(clippy::unused_async, clippy::used_underscore_binding)]
        #sig { #(#inner_attrs)* #uses #body }
    }
}

/// Uses what the settings name and the body does not: `unused_variables` has nothing to say of it.
fn uses(write: &WriteBehind) -> TokenStream {
    let WriteBehind { function, written, .. } = write;
    let value = match &written.value {
        Value::Argument(path) => Some(path.root.to_token_stream()),
        Value::Other(expr) => Some(expr.to_token_stream()),
        Value::Unsaid | Value::Result => None,
    };
    let entry = written.entry.as_ref().map(|(_, entry)| entry);
    let cache = &written.cache;
    let settings = quote!(#value #entry #cache);
    let is_in = |tokens: TokenStream, name: &Ident| find_ident(tokens, |it| it == name).is_some();
    let is_named = |name: &Ident| {
        let mut keys = written.key.iter().flat_map(Template::placeholders);
        keys.any(|placeholder| name.unraw() == placeholder.root) || is_in(settings.clone(), name)
    };
    let bindings = function.arguments.iter().flat_map(|argument| &argument.bindings);
    let unused = bindings.filter(|name| {
        let is_meant_to_be = name.to_string().starts_with('_');
        is_named(name) && !is_meant_to_be && !is_in(function.body.stream(), name)
    });
    quote_spanned!(Span::mixed_site()=> #(let _ = &#unused;)*)
}
