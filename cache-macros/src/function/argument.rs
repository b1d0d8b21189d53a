//! One argument of the user's function.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Attribute, Pat, PatType, Type};

use super::tokens::{flat, may_borrow, refilled};

pub(crate) struct Argument {
    pub(crate) attrs: Vec<Attribute>,
    /// What the outer function calls it: its own name, or one of ours for a pattern.
    pub(crate) name: Ident,
    /// As it was written.
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// What the pattern binds.
    pub(crate) bindings: Vec<Ident>,
    /// The pattern is more than a name.
    pub(crate) destructured: bool,
}

impl Argument {
    pub(super) fn new(index: usize, argument: PatType) -> Self {
        let PatType { attrs, pat, ty, .. } = argument;
        let mut bindings = Vec::new();
        bind(&pat, &mut bindings);
        let name = plain_name(&pat);
        Self {
            attrs,
            destructured: name.is_none(),
            name: name.unwrap_or_else(|| format_ident!("arg{index}", span = Span::mixed_site())),
            pat: *pat,
            ty: ungrouped(*ty),
            bindings,
        }
    }

    /// The binding that a placeholder means by `name`.
    pub(crate) fn binding(&self, name: &str) -> Option<&Ident> {
        self.bindings.iter().find(|binding| binding.unraw() == name)
    }

    /// The pattern as it can be matched against a reference.
    pub(crate) fn pat_by_ref(&self) -> TokenStream {
        by_ref(self.pat.to_token_stream())
    }

    /// Whether `binding` is a reference in the body, by its own `ref` or since the pattern is matched
    /// against one.
    pub(crate) fn binds_reference(&self, binding: &Ident) -> bool {
        let by_reference = self.is_reference() && !matches!(self.pat, Pat::Reference(_));
        by_reference || is_ref(&flat(self.pat.to_token_stream()), binding)
    }

    pub(crate) fn may_borrow(&self) -> bool {
        may_borrow(self.ty.to_token_stream())
    }

    pub(crate) fn is_option(&self) -> bool {
        matches!(&self.ty, Type::Path(path)
            if path.path.segments.last().is_some_and(|segment| segment.ident == "Option"))
    }

    pub(crate) fn is_reference(&self) -> bool {
        matches!(&self.ty, Type::Reference(reference) if reference.mutability.is_none())
    }
}

fn plain_name(pat: &Pat) -> Option<Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        _ => None,
    }
}

/// Sees through what `macro_rules!` puts around a matched type.
fn ungrouped(ty: Type) -> Type {
    match ty {
        Type::Group(group) => ungrouped(*group.elem),
        ty => ty,
    }
}

fn bind(pat: &Pat, bindings: &mut Vec<Ident>) {
    match pat {
        Pat::Ident(pat) => {
            bindings.push(pat.ident.clone());
            if let Some((_, subpat)) = &pat.subpat {
                bind(subpat, bindings);
            }
        }
        Pat::Paren(pat) => bind(&pat.pat, bindings),
        Pat::Reference(pat) => bind(&pat.pat, bindings),
        Pat::Type(pat) => bind(&pat.pat, bindings),
        Pat::Tuple(pat) => bind_all(&pat.elems, bindings),
        Pat::TupleStruct(pat) => bind_all(&pat.elems, bindings),
        Pat::Slice(pat) => bind_all(&pat.elems, bindings),
        Pat::Struct(pat) => bind_all(pat.fields.iter().map(|field| &*field.pat), bindings),
        // All cases of an or-pattern bind the same names.
        Pat::Or(pat) => bind_all(pat.cases.first(), bindings),
        _ => {}
    }
}

fn bind_all<'a>(pats: impl IntoIterator<Item = &'a Pat>, bindings: &mut Vec<Ident>) {
    for pat in pats {
        bind(pat, bindings);
    }
}

/// Whether `binding` stands behind a `ref`.
fn is_ref(pat: &[TokenTree], binding: &Ident) -> bool {
    pat.windows(2).any(|pair| {
        matches!(pair, [TokenTree::Ident(by), TokenTree::Ident(name)] if by == "ref" && name == binding)
    })
}

/// Without `mut`, `ref` and `&`, which can't stand in a pattern that borrows by itself.
fn by_ref(tokens: TokenStream) -> TokenStream {
    let kept = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) if ident == "mut" || ident == "ref" => None,
        TokenTree::Punct(punct) if punct.as_char() == '&' => None,
        TokenTree::Group(group) => Some(TokenTree::Group(refilled(&group, by_ref(group.stream())))),
        token => Some(token),
    });
    kept.collect()
}
