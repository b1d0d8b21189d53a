//! What is wrong with one invocation, all of it.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Errors in the order they were found.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
}

impl Diagnostics {
    /// Puts an error under `tokens`.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Puts an error under `span`.
    pub(crate) fn error_at(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.errors.iter().map(ToString::to_string).collect()
    }

    fn to_compile_errors(&self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// What `expand` makes of `item`; on any error, the item as the user wrote it and the errors, so
/// that calls of the function don't fail as well.
pub(crate) fn or_errors(
    item: TokenStream,
    expand: impl FnOnce(TokenStream, &mut Diagnostics) -> Option<TokenStream>,
) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    match expand(item.clone(), &mut diagnostics) {
        Some(expanded) if diagnostics.is_empty() => expanded,
        _ => item.into_iter().chain(diagnostics.to_compile_errors()).collect(),
    }
}
