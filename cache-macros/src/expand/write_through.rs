//! A function whose value takes the place of the barrier around it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Ident;

use super::body::{around, body, return_type};
use super::invalidates::entry;
use super::key::{Arguments, path, pieces, root};
use super::own::{at, borrowed};
use super::policy;
use super::site::kind;
use crate::crate_path::CratePath;
use crate::function::Function;
use crate::model::{Path, Value, WriteThrough, Written};

/// ```text
/// // Input: #[write_through(key = "user:<user.id>", value = user)]
/// //        async fn save(user: User) -> R { body }
/// async fn save(user: User) -> R {
///     let write = WriteThrough::key(Policy::new(), |key| key.text("user:").part(&user.id));
///     let write = write.enter().await;
///     let value = user.to_owned();
///     let result = async move { body }.await;
///     write.settle_with(Returns::<R>::new().kind(), result, value).await
/// }
/// ```
///
/// Without `value`, it is `write.settle(kind, result)`.
pub(super) fn expand(write: &WriteThrough) -> TokenStream {
    let WriteThrough { krate, function, written } = write;
    let span = Span::mixed_site();
    let target = target(krate, function, written);
    let kind = kind(krate, &return_type(function));
    let body = body(function);
    let (value, settled) = match &written.value {
        Value::Argument(path) => {
            let value = owned(path, function);
            let place = Ident::new("value", at(&path.root));
            (
                quote_spanned!(span=> let #place = #value;),
                quote_spanned!(span=> settle_with(#kind, result, #place)),
            )
        }
        _ => {
            let place = function.returns.as_ref().map_or(span, |returns| at(&returns.ty));
            let settle = Ident::new("settle", place);
            (TokenStream::new(), quote_spanned!(span=> #settle(#kind, result)))
        }
    };
    let all = quote_spanned! {span=>
        let write = #target.enter().await;
        #value
        let result = #body.await;
        write.#settled.await
    };
    around(function, all)
}

/// `WriteThrough::key(policy, |key| …)`, or what `entry` names.
pub(super) fn target(krate: &CratePath, function: &Function, written: &Written) -> TokenStream {
    let span = Span::mixed_site();
    if let Some((_, expr)) = &written.entry {
        let entry = entry(expr);
        return quote_spanned!(span=> #krate::WriteThrough::entry(#entry));
    }
    let key = written.key.as_ref().map(|template| {
        pieces(template, |placeholder| {
            let (root, is_reference) = root(placeholder, template, function, Arguments::AsWritten);
            path(&root, is_reference, placeholder, template)
        })
    });
    let policy = policy::of_written(written, krate);
    let at_value = value_span(written, function);
    let krate = krate.at(at_value);
    match &written.cache {
        None => quote_spanned!(at_value=> #krate::WriteThrough::key(#policy, |key| key #key)),
        Some(cache) => {
            let cache = borrowed(cache);
            quote_spanned!(at_value=> #krate::WriteThrough::key_on(#cache, #policy, |key| key #key))
        }
    }
}

/// Where an error is shown that is about the type of the value.
fn value_span(written: &Written, function: &Function) -> Span {
    match &written.value {
        Value::Argument(path) => at(&path.root),
        _ => function.returns.as_ref().map_or_else(Span::mixed_site, |returns| at(&returns.ty)),
    }
}

/// The value, before the body has it.
pub(super) fn owned(path: &Path, function: &Function) -> TokenStream {
    let Path { root, fields } = path;
    let name = root.to_string();
    let span = at(root);
    let is_reference = if name == "self" {
        function.receiver_is_reference()
    } else {
        function
            .argument(&name)
            .is_some_and(|(argument, _)| !argument.destructured && argument.is_reference())
    };
    let place = if is_reference && fields.is_empty() {
        root.to_token_stream()
    } else {
        quote_spanned!(span=> &#root #(.#fields)*)
    };
    quote_spanned!(span=> ::std::borrow::ToOwned::to_owned(#place))
}
