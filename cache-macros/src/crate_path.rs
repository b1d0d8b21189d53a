//! Where generated code finds the runtime.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

use crate::diagnostics::Diagnostics;
use crate::function::tokens::respanned;

/// The hidden module of the runtime that generated code names.
#[derive(Clone)]
pub(crate) struct CratePath(TokenStream);

impl CratePath {
    /// The runtime at `path`, or where it is without the setting `crate`.
    pub(crate) fn new(path: Option<Path>, diagnostics: &mut Diagnostics) -> Self {
        let span = Span::mixed_site();
        let Some(path) = path else {
            return Self(quote_spanned!(span=> ::cache_runtime::__private));
        };
        if !is_absolute(&path) {
            let shown = path.to_token_stream().to_string().replace(' ', "");
            diagnostics.error(
                &path,
                format!(
                    "this path depends on where it stands; write `::{shown}` or `crate::{shown}`"
                ),
            );
        }
        Self(quote_spanned!(span=> #path::__private))
    }

    /// The module, where an error is to be shown at `span`.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        respanned(self.0.clone(), span)
    }
}

fn is_absolute(path: &Path) -> bool {
    let first = path.segments.first().map(|segment| segment.ident.to_string());
    path.leading_colon.is_some() || matches!(first.as_deref(), Some("crate" | "$crate"))
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
