//! A function that `#[async_trait]` has rewritten.

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Block, Stmt};

use super::call::settings;
use super::key::Arguments;
use super::load::{Load, here, lookup};
use crate::function::Function;
use crate::model::Cached;

/// ```text
/// // Input: #[cached(key = "user:<id>")]
/// //        fn user<'async_trait>(&self, id: u64) -> Pin<Box<dyn Future<Output = R> + …>> { body }
/// fn user<'async_trait>(&self, id: u64) -> Pin<Box<dyn Future<Output = R> + …>> {
///     Box::pin(async move {
///         let site = …;
///         let call = match site.lookup(|key| key.text("user:").part(&id)) {
///             Lookup::Hit(value) => return value,
///             Lookup::Miss(call) => call,
///         };
///         call.load(body).await
///     })
/// }
/// ```
pub(super) fn expand(cached: &Cached) -> Option<TokenStream> {
    let returns = cached.function.returns.as_ref()?;
    let site = super::inside::site(cached, returns);
    let load = Load {
        settings: settings(cached, Arguments::AsWritten),
        copies: TokenStream::new(),
        future: original(&cached.function),
    };
    let name = quote_spanned!(here(cached)=> site);
    let lookup = lookup(cached, &name, Arguments::AsWritten, &load.run(cached));
    let span = Span::mixed_site();
    let body = quote_spanned!(span=> ::std::boxed::Box::pin(async move { #site #lookup }));
    Some(super::outer(&cached.function, &body))
}

/// The body as an expression, without braces where it is one already.
pub(super) fn original(function: &Function) -> TokenStream {
    let block = function.body.to_token_stream();
    match syn::parse2::<Block>(block.clone()).as_ref().map(|block| &*block.stmts) {
        Ok([Stmt::Expr(_, None)]) => Group::stream(&function.body),
        _ => block,
    }
}
