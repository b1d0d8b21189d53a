//! What lints would say of code that the user can't change.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Visibility;

use crate::function::tokens::find_ident;
use crate::function::{Argument, Function};
use crate::model::Cached;

/// What makes a body panic, as far as `clippy::missing_panics_doc` sees it.
const PANICS: [&str; 10] = [
    "unwrap",
    "expect",
    "unwrap_err",
    "expect_err",
    "panic",
    "assert",
    "assert_eq",
    "assert_ne",
    "todo",
    "unreachable",
];

/// So many lints fit in a line.
const IN_A_LINE: usize = 3;

/// For the companion's functions: `uncached` has the body, and above it none of the documentation
/// that stands above the function; `entry` can't choose what it borrows.
pub(super) fn of_companion(cached: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let function = &cached.function;
    let public = matches!(function.vis, Visibility::Public(_));
    let has =
        |wanted: &dyn Fn(&Ident) -> bool| find_ident(function.body.stream(), wanted).is_some();
    let panics = has(&|ident| PANICS.iter().any(|name| ident == name));
    let optional = cached.keyed_arguments().any(Argument::is_option);
    let lints = [
        (public, quote_spanned!(span=> missing_docs)),
        (public, quote_spanned!(span=> clippy::missing_errors_doc)),
        (public && panics, quote_spanned!(span=> clippy::missing_panics_doc)),
        (!has(&|ident| ident == "await"), quote_spanned!(span=> clippy::unused_async)),
        (names_underscored(function), quote_spanned!(span=> clippy::used_underscore_binding)),
        (optional, quote_spanned!(span=> clippy::ref_option)),
        (optional, quote_spanned!(span=> clippy::ref_option_ref)),
        (function.arguments.len() > 7, quote_spanned!(span=> clippy::too_many_arguments)),
    ];
    let lints: Vec<_> = lints.into_iter().filter_map(|(is, lint)| is.then_some(lint)).collect();
    let attributes =
        lints.chunks(IN_A_LINE).map(|lints| quote_spanned!(span=> #[allow(#(#lints),*)]));
    attributes.collect()
}

/// For a function that passes its arguments on, or names them in its key.
pub(super) fn of_underscored(function: &Function) -> Option<TokenStream> {
    let allow = || quote_spanned!(Span::mixed_site()=> #[allow(clippy::used_underscore_binding)]);
    names_underscored(function).then(allow)
}

/// Whether an argument is not meant to be used, though a key may name it.
fn names_underscored(function: &Function) -> bool {
    let mut bindings = function.arguments.iter().flat_map(|argument| &argument.bindings);
    bindings.any(|name| name.to_string().starts_with('_'))
}
