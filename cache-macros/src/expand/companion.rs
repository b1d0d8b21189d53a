//! A free function and what stands beside it, under its own name.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, Signature};

use super::call::{settings, ttl_of};
use super::conditions::Asking;
use super::key::{Arguments, render};
use super::lints;
use super::load::{Load, copied, copies, here, lookup};
use super::own::{at, reference};
use super::site::{definition, on_cache, typed, value};
use crate::function::tokens::{find_ident, refilled, respanned};
use crate::function::{Argument, Function, Returns};
use crate::model::Cached;

/// ```text
/// // Input: #[cached(key = "user:<id>")]
/// //        async fn get_user(id: u64) -> R { body }
/// async fn get_user(id: u64) -> R {
///     let call = match get_user::site().lookup(|key| key.text("user:").part(&id)) {
///         Lookup::Hit(value) => return value,
///         Lookup::Miss(call) => call,
///     };
///     call.detached(get_user::uncached(id)).await
/// }
/// struct get_user {}
/// impl get_user {
///     fn site() -> SiteFor<impl Shape<Return = R, Value = V>> { static SITE: Site = …; … }
///     async fn uncached(id: u64) -> R { body }
///     async fn refresh(id: u64) -> R { … }
///     fn entry(id: &u64) -> EntryRef<V> { … }
///     fn stats() -> SiteStats { … }
/// }
/// ```
pub(super) fn expand(cached: &Cached, name: &Ident) -> Option<TokenStream> {
    let companion = Companion { cached, name, returns: cached.function.returns.as_ref()? };
    let function = companion.function();
    let structure = companion.structure();
    let [site, uncached, refresh, entry, stats] = [
        companion.site(),
        companion.uncached(),
        companion.refresh(),
        companion.entry(),
        companion.stats(),
    ];
    let attrs = cached.function.companion_attrs();
    let span = Span::mixed_site();
    let allowed = lints::of_companion(cached);
    Some(quote_spanned! {span=>
        #function
        #structure
        #allowed
        #(#attrs)*
        impl #name { #site #uncached #refresh #entry #stats }
    })
}

struct Companion<'a> {
    cached: &'a Cached,
    name: &'a Ident,
    returns: &'a Returns,
}

impl Companion<'_> {
    fn function(&self) -> TokenStream {
        let load = self.load().run(self.cached);
        let body = lookup(self.cached, &self.call("site"), Arguments::Named, &load);
        let sig = self.signature(&self.cached.function.sig.ident);
        super::with_body(&self.cached.function, &sig, body)
    }

    fn structure(&self) -> TokenStream {
        let Self { name, cached, .. } = self;
        let vis = self.vis();
        let attrs = cached.function.structure_attrs();
        let doc = format!(
            " The cache of `{}`: `entry` names an entry of it, `refresh` loads one anew, `uncached` \
            calls past it, `stats` counts.",
            cached.function.sig.ident,
        );
        let structure = quote_spanned!(at(name)=> struct #name {});
        quote_spanned! {Span::mixed_site()=>
            #[doc = #doc]
            #(#attrs)*
            #[allow(non_camel_case_types)]
            #vis #structure
        }
    }

    /// A generic function's static stands apart, for `stats` to reach it without type arguments.
    fn site(&self) -> TokenStream {
        let Self { cached, returns, .. } = self;
        let span = Span::mixed_site();
        let krate = &cached.krate;
        let (generics, _, bounds) = cached.function.sig.generics.split_for_impl();
        let (ty, value) = (&returns.ty, value(cached, returns));
        // A load in the background holds it, and type parameters would be taken for borrows.
        let outlives =
            (cached.is_detached() && self.is_generic()).then(|| quote_spanned!(span=> + 'static));
        let site = quote_spanned! {span=>
            #krate::SiteFor<impl #krate::ShapeOf<#ty, #value> #outlives>
        };
        let definition = definition(cached);
        if self.is_generic() {
            let all = self.path("site_of_all");
            let typed = typed(cached, returns, &quote_spanned!(span=> #all()));
            return quote_spanned! {span=>
                fn site_of_all() -> &'static #krate::Site { #definition &SITE }
                fn site #generics() -> #site #bounds { #typed }
            };
        }
        let typed = typed(cached, returns, &quote_spanned!(span=> &SITE));
        quote_spanned!(span=> fn site #generics() -> #site #bounds { #definition #typed })
    }

    fn uncached(&self) -> TokenStream {
        let Function { sig, inner_attrs, body, .. } = &self.cached.function;
        let mut sig = sig.clone();
        sig.ident = Ident::new("uncached", at(&sig.ident));
        sig.abi = None;
        let body = refilled(
            body,
            [quote!(#(#inner_attrs)*), self.uses(), body.stream()].into_iter().collect(),
        );
        let vis = self.vis();
        quote_spanned!(Span::mixed_site()=> #vis #sig #body)
    }

    /// Uses what the settings name and the body does not: `unused_variables` has nothing to say of it.
    fn uses(&self) -> TokenStream {
        let Function { arguments, body, .. } = &self.cached.function;
        let named = self.cached.named_bindings();
        let bindings = arguments.iter().flat_map(|argument| &argument.bindings);
        let unused = bindings.filter(|name| {
            named.contains(name)
                && !name.to_string().starts_with('_')
                && find_ident(body.stream(), |ident| ident == *name).is_none()
        });
        quote_spanned!(Span::mixed_site()=> #(let _ = &#unused;)*)
    }

    fn refresh(&self) -> TokenStream {
        let vis = self.vis();
        let mut sig = self.signature(&Ident::new("refresh", at(&self.cached.function.sig.ident)));
        sig.abi = None;
        let (site, on) = (self.call("site"), on_cache(self.cached));
        let span = here(self.cached);
        let Asking { before, call } = Asking::new(self.cached, "refresh", Arguments::Named, span);
        let load = self.load().run(self.cached);
        let body = match on {
            Some(on) => quote_spanned! {span=>
                let call = #site #on #call;
                call #load
            },
            None => quote_spanned!(span=> #site #call #load),
        };
        quote_spanned!(Span::mixed_site()=> #vis #sig { #before #body })
    }

    fn entry(&self) -> TokenStream {
        let Self { cached, returns, .. } = self;
        let (vis, sig) = (self.vis(), &cached.function.sig);
        let krate = &cached.krate;
        let (generics, _, bounds) = sig.generics.split_for_impl();
        let arguments = cached.keyed_arguments().map(|argument| {
            let (name, ty) = (&argument.name, reference(&argument.ty));
            quote!(#name: #ty)
        });
        let value = value(cached, returns);
        let (site, on) = (self.call("site"), on_cache(cached));
        let key = render(cached, Arguments::ByReference);
        let ttl_of = ttl_of(cached);
        quote_spanned! {Span::mixed_site()=>
            #vis fn entry #generics(#(#arguments),*) -> #krate::EntryRef<#value> #bounds {
                #site #on.entry(#key) #ttl_of
            }
        }
    }

    fn stats(&self) -> TokenStream {
        let Self { cached, .. } = self;
        let (vis, krate) = (self.vis(), &cached.krate);
        let site = self.path(if self.is_generic() { "site_of_all" } else { "site" });
        let on = if cached.cache_depends_on_call() { None } else { on_cache(cached) };
        quote_spanned! {Span::mixed_site()=>
            #vis fn stats() -> #krate::SiteStats { #site() #on.stats() }
        }
    }

    /// The function's signature, with names of ours in the place of patterns.
    fn signature(&self, name: &Ident) -> Signature {
        let Function { sig, arguments, .. } = &self.cached.function;
        let mut sig = sig.clone();
        sig.ident = name.clone();
        sig.inputs = arguments.iter().map(named).collect();
        sig
    }

    /// `get_user::uncached(id)`
    fn load(&self) -> Load {
        let span = here(self.cached);
        let copies = copies(self.cached);
        let lent: Vec<_> = copied(self.cached).map(|argument| &argument.name).collect();
        let arguments = self.cached.function.arguments.iter().map(|argument| {
            let name = &argument.name;
            if lent.contains(&name) { quote_spanned!(span=> &#name) } else { quote!(#name) }
        });
        let uncached = self.call_with("uncached", &quote!(#(#arguments),*));
        let future = if lent.is_empty() {
            uncached
        } else {
            quote_spanned!(span=> async move { #uncached.await })
        };
        Load { settings: settings(self.cached, Arguments::Named), copies, future }
    }

    /// The function's, for what it is not to blame for.
    fn vis(&self) -> TokenStream {
        respanned(self.cached.function.vis.to_token_stream(), Span::mixed_site())
    }

    fn is_generic(&self) -> bool {
        !self.cached.function.generic_arguments().is_empty()
    }

    fn path(&self, function: &str) -> TokenStream {
        let span = here(self.cached);
        let (mut name, function) = (self.name.clone(), Ident::new(function, span));
        name.set_span(span);
        quote_spanned!(span=> #name::#function)
    }

    fn call(&self, function: &str) -> TokenStream {
        self.call_with(function, &TokenStream::new())
    }

    fn call_with(&self, function: &str, arguments: &TokenStream) -> TokenStream {
        let path = self.path(function);
        let generics = self.cached.function.generic_arguments();
        let span = here(self.cached);
        let turbofish = self.is_generic().then(|| quote_spanned!(span=> ::<#(#generics),*>));
        quote_spanned!(span=> #path #turbofish(#arguments))
    }
}

fn named(argument: &Argument) -> FnArg {
    let Argument { attrs, name, ty, .. } = argument;
    let colon = syn::Token![:](name.span());
    FnArg::Typed(syn::PatType {
        attrs: attrs.clone(),
        pat: Box::new(syn::Pat::Ident(syn::PatIdent {
            attrs: Vec::new(),
            by_ref: None,
            mutability: None,
            ident: name.clone(),
            subpat: None,
        })),
        colon_token: colon,
        ty: Box::new(ty.clone()),
    })
}
