//! A function that invalidates when it has ended.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, ExprCall, Path, PathArguments};

use super::body::{around, body, return_type};
use super::key::{Arguments, path, pieces, root};
use super::own::{borrowed, with_self_renamed};
use super::site::kind;
use crate::function::Function;
use crate::function::tokens::variables;
use crate::key_template::Template;
use crate::model::{Invalidated, Invalidates};

/// ```text
/// // Input: #[invalidates(key = "user:<id>", entry = get_group(id))]
/// //        async fn rename(id: u64) -> R { body }
/// async fn rename(id: u64) -> R {
///     let invalidation = Invalidation::new()
///         .key(|key| key.text("user:").part(&id))
///         .entry(get_group::entry(&id));
///     let result = async move { body }.await;
///     invalidation.settle(Returns::<R>::new().kind(), result).await
/// }
/// ```
///
/// `at = "around"` adds `.around().await` to the first statement.
pub(super) fn expand(invalidates: &Invalidates) -> TokenStream {
    let span = Span::mixed_site();
    let function = &invalidates.function;
    let begun = begin(invalidates);
    let (ty, body) = (return_type(function), body(function));
    let Later { before, adds, result } = Later::new(invalidates);
    let kind = kind(&invalidates.krate, &ty);
    let settled = match result {
        None => quote_spanned!(span=> settle(#kind, result)),
        Some(name) => quote_spanned! {span=>
            settle_with(#kind, result, |invalidation, #name| invalidation #adds)
        },
    };
    let all = quote_spanned! {span=>
        #begun
        #before
        let result = #body.await;
        invalidation.#settled.await
    };
    around(function, all)
}

/// `let invalidation = …;` with what the arguments name.
fn begin(invalidates: &Invalidates) -> TokenStream {
    let Invalidates { krate, function, targets, cache, .. } = invalidates;
    let span = Span::mixed_site();
    let new = match cache {
        None => quote_spanned!(span=> new()),
        Some(cache) => {
            let cache = borrowed(cache);
            quote_spanned!(span=> on(#cache))
        }
    };
    let always = invalidates.is_always().then(|| quote_spanned!(span=> .always()));
    let targets = targets.iter().filter(|target| target.result().is_none()).map(|target| {
        let target = match target {
            Invalidated::Key(template) => {
                let key = pieces(template, |placeholder| {
                    let (root, is_reference) =
                        root(placeholder, template, function, Arguments::AsWritten);
                    path(&root, is_reference, placeholder, template)
                });
                quote_spanned!(span=> key(|key| key #key))
            }
            Invalidated::Entry(expr) => {
                let entry = entry(expr);
                quote_spanned!(span=> entry(#entry))
            }
        };
        quote_spanned!(span=> .#target)
    });
    let around = invalidates.is_around().then(|| quote_spanned!(span=> .around().await));
    quote_spanned! {span=>
        let invalidation = #krate::Invalidation::#new #always #(#targets)* #around;
    }
}

/// `get_user(id)` becomes `get_user::entry(&id)`; all else makes an entry by itself.
pub(super) fn entry(expr: &Expr) -> TokenStream {
    match expr {
        Expr::Call(ExprCall { func, args, .. }) => match &**func {
            Expr::Path(path) if path.qself.is_none() && is_function(&path.path) => {
                let path = companion_entry(&path.path);
                let args = args.iter().map(borrowed);
                quote!(#path(#(#args),*))
            }
            _ => expr.to_token_stream(),
        },
        _ => expr.to_token_stream(),
    }
}

/// Whether a path names a cached function, and not what a type makes or `get_user::entry` itself.
fn is_function(path: &Path) -> bool {
    let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let is_type = |name: &String| name.chars().next().is_some_and(char::is_uppercase);
    let is_entry = names.len() > 1 && names.last().is_some_and(|name| name == "entry");
    !is_entry && !names.iter().any(is_type)
}

/// `users::get_user::<T>` becomes `users::get_user::entry::<T>`.
fn companion_entry(path: &Path) -> TokenStream {
    let mut path = path.clone();
    let Some(last) = path.segments.last_mut() else {
        return path.to_token_stream();
    };
    let entry = Ident::new("entry", last.ident.span());
    match std::mem::replace(&mut last.arguments, PathArguments::None) {
        PathArguments::None => quote!(#path::#entry),
        mut arguments => {
            if let PathArguments::AngleBracketed(arguments) = &mut arguments {
                arguments.colon2_token.get_or_insert_default();
            }
            quote!(#path::#entry #arguments)
        }
    }
}

/// What is named by the success value, which comes when the arguments are the body's.
struct Later {
    /// Copies of arguments.
    before: TokenStream,
    adds: TokenStream,
    /// What the settings call the success value.
    result: Option<Ident>,
}

impl Later {
    fn new(invalidates: &Invalidates) -> Self {
        let Invalidates { function, targets, .. } = invalidates;
        let result = targets.iter().find_map(Invalidated::result);
        let mut later = Self { before: TokenStream::new(), adds: TokenStream::new(), result };
        for (index, target) in targets.iter().enumerate() {
            match target {
                _ if target.result().is_none() => {}
                Invalidated::Key(template) => later.add_key(index, template, function),
                Invalidated::Entry(expr) => later.add_entry(index, expr, function),
            }
        }
        later
    }

    fn add_key(&mut self, target: usize, template: &Template, function: &Function) {
        let span = Span::mixed_site();
        let result = self.result.clone();
        let mut copies = 0;
        let key = pieces(template, |placeholder| {
            let (root, is_reference) = root(placeholder, template, function, Arguments::AsWritten);
            match &result {
                Some(result) if placeholder.root == "result" => {
                    path(result, true, placeholder, template)
                }
                _ if is_reference => path(&root, true, placeholder, template),
                _ => {
                    let copy = format_ident!("copy{target}_{copies}", span = span);
                    copies += 1;
                    let place = path(&root, false, placeholder, template);
                    self.before.extend(
                        quote_spanned!(span=> let #copy = ::core::clone::Clone::clone(#place);),
                    );
                    quote_spanned!(span=> &#copy)
                }
            }
        });
        self.adds.extend(quote_spanned!(span=> .key(|key| key #key)));
    }

    fn add_entry(&mut self, target: usize, expr: &Expr, function: &Function) {
        let span = Span::mixed_site();
        let mut entry = entry(expr);
        let mut lets = TokenStream::new();
        let names = variables(expr.to_token_stream());
        let owned = function.arguments.iter().filter(|argument| !argument.is_reference());
        let bindings = owned.flat_map(|argument| &argument.bindings);
        for (index, name) in bindings.filter(|name| names.contains(name)).enumerate() {
            let copy = format_ident!("copy{target}_{index}", span = span);
            self.before
                .extend(quote_spanned!(span=> let #copy = ::core::clone::Clone::clone(&#name);));
            lets.extend(quote_spanned!(span=> let #name = #copy;));
        }
        if let Some(receiver) = names.iter().find(|name| *name == "self")
            && !function.receiver_is_reference()
        {
            let this = format_ident!("this{target}", span = span);
            self.before.extend(
                quote_spanned!(span=> let #this = ::core::clone::Clone::clone(&#receiver);),
            );
            entry = with_self_renamed(entry, &this);
        }
        self.adds.extend(if lets.is_empty() {
            quote_spanned!(span=> .entry(#entry))
        } else {
            quote_spanned!(span=> .entry({ #lets #entry }))
        });
    }
}
