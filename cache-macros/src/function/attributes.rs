//! Which of the user's attributes stand on what the function becomes.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Meta};

use super::Function;
use super::tokens::find_ident;

const LINT_LEVELS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

impl Function {
    /// Those of the function that is called.
    pub(crate) fn outer_attrs(&self) -> impl Iterator<Item = TokenStream> {
        self.attrs.iter().map(allowing)
    }

    /// Those of the companion: whether it exists, and lints.
    pub(crate) fn structure_attrs(&self) -> impl Iterator<Item = TokenStream> {
        self.companion_attrs().map(allowing)
    }

    /// Those of the companion's functions, one of which has the body: whether they exist, and lints.
    pub(crate) fn companion_attrs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| is(attr, "cfg") || is_lint_level(attr))
    }

    /// Another attribute of ours that is called `name`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attrs
            .iter()
            .find(|attr| attr.path().segments.last().is_some_and(|segment| segment.ident == name))
    }
}

/// An expectation is met where the body is: elsewhere, it would be reported as unmet.
fn allowing(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) if is(attr, "expect") => {
            let allow = Ident::new("allow", list.path.span());
            let lints = &list.tokens;
            quote!(#[#allow(#lints)])
        }
        _ => quote!(#attr),
    }
}

fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().is_ident(name)
}

fn is_lint_level(attr: &Attribute) -> bool {
    let level = |ident: &Ident| LINT_LEVELS.iter().any(|level| ident == level);
    match &attr.meta {
        Meta::List(list) if is(attr, "cfg_attr") => {
            let after_comma = list.tokens.clone().into_iter().skip_while(|token| !is_comma(token));
            find_ident(after_comma.take(2).collect(), level).is_some()
        }
        _ => attr.path().get_ident().is_some_and(level),
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}
