//! A function without a companion: site and body stand inside of it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::call::ttl_of;
use super::key::{Arguments, render};
use super::load::{here, lookup, of_body};
use super::own::reference;
use super::site::{definition, on_cache, typed, value};
use crate::function::{Function, Returns};
use crate::model::Cached;

/// ```text
/// // Input: #[cached(key = "user:<id>")]
/// //        async fn user(&self, id: u64) -> R { body }
/// async fn user(&self, id: u64) -> R {
///     let site = { static SITE: Site = …; Returns::<R>::new().kind().errors().serde().at(&SITE) };
///     let call = match site.lookup(|key| key.text("user:").part(&id)) {
///         Lookup::Hit(value) => return value,
///         Lookup::Miss(call) => call,
///     };
///     call.load(async move { body }).await
/// }
/// ```
pub(super) fn expand(cached: &Cached, entry: Option<&Ident>) -> Option<TokenStream> {
    let returns = cached.function.returns.as_ref()?;
    let load = of_body(cached, returns).run(cached);
    let site = site(cached, returns);
    let name = quote_spanned!(here(cached)=> site);
    let lookup = lookup(cached, &name, Arguments::AsWritten, &load);
    let function = super::outer(&cached.function, &quote!(#site #lookup));
    let entry = entry.map(|name| self::entry(cached, returns, name));
    Some(quote!(#function #entry))
}

/// `let site = …;`
pub(super) fn site(cached: &Cached, returns: &Returns) -> TokenStream {
    let definition = definition(cached);
    let span = Span::mixed_site();
    let typed = typed(cached, returns, &quote_spanned!(span=> &SITE));
    // In a block of its own: the body does not see the static.
    quote_spanned!(span=> let site = { #definition #typed };)
}

/// The method that `companion = name` asks for. Its site has the names of the function's, and
/// counts as the same.
fn entry(cached: &Cached, returns: &Returns, name: &Ident) -> TokenStream {
    let Cached { krate, function, .. } = cached;
    let Function { vis, sig, .. } = function;
    let span = Span::mixed_site();
    let doc = format!(" Makes the entry that `{}` caches.", sig.ident);
    let cfg = function.companion_attrs();
    let (generics, _, bounds) = sig.generics.split_for_impl();
    let generics = (!sig.generics.params.is_empty()).then_some(generics);
    let receiver = function.receiver().map(|receiver| {
        let this = receiver.self_token;
        quote_spanned!(span=> &#this,)
    });
    let arguments = cached.keyed_arguments().map(|argument| {
        let (name, ty) = (&argument.name, reference(&argument.ty));
        quote_spanned!(span=> #name: #ty)
    });
    let underscored = super::lints::of_underscored(function);
    let value = value(cached, returns);
    let site = site(cached, returns);
    let on = on_cache(cached);
    let key = render(cached, Arguments::ByReference);
    let ttl_of = ttl_of(cached);
    quote_spanned! {span=>
        #[doc = #doc]
        #(#cfg)*
        #underscored
        #vis fn #name #generics(#receiver #(#arguments),*) -> #krate::EntryRef<#value> #bounds {
            #site
            site #on.entry(#key) #ttl_of
        }
    }
}
