//! Types and places, seen from code that doesn't own them.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Type};

use crate::function::tokens::refilled;

/// A span of ours that an error shows at `tokens`.
pub(super) fn at(tokens: &impl Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// `&expr`, unless it is a reference already.
pub(super) fn borrowed(expr: &Expr) -> TokenStream {
    match expr {
        Expr::Reference(_) => expr.to_token_stream(),
        Expr::Binary(_) | Expr::Cast(_) | Expr::Closure(_) | Expr::Range(_) | Expr::Assign(_) => {
            quote_spanned!(at(expr)=> &(#expr))
        }
        _ => quote_spanned!(at(expr)=> &#expr),
    }
}

/// `&T` for `T`, and for `&T` itself.
pub(super) fn reference(ty: &Type) -> TokenStream {
    match ty {
        Type::Reference(reference) if reference.mutability.is_none() => ty.to_token_stream(),
        Type::Reference(reference) => {
            let elem = &reference.elem;
            quote_spanned!(at(ty)=> &#elem)
        }
        // `&impl A + B` would be ambiguous.
        Type::ImplTrait(_) | Type::TraitObject(_) => quote_spanned!(at(ty)=> &(#ty)),
        _ => quote_spanned!(at(ty)=> &#ty),
    }
}

/// `tokens` with `name` in the place of `self`, but for items, which have a `self` of their own.
pub(super) fn with_self_renamed(tokens: TokenStream, name: &Ident) -> TokenStream {
    let mut renamed = TokenStream::new();
    let mut trees = tokens.into_iter().peekable();
    let mut item = false;
    let mut escaped = false;
    while let Some(tree) = trees.next() {
        let next = trees.peek();
        let tree = match tree {
            TokenTree::Group(group) if item => {
                item = group.delimiter() != proc_macro2::Delimiter::Brace;
                TokenTree::Group(group)
            }
            TokenTree::Group(group) => {
                TokenTree::Group(refilled(&group, with_self_renamed(group.stream(), name)))
            }
            TokenTree::Ident(ident) if ident == "self" && !escaped && !is_colon(next) => {
                let mut name = name.clone();
                name.set_span(name.span().located_at(ident.span()));
                TokenTree::Ident(name)
            }
            TokenTree::Ident(ident) => {
                item |= begins_item(&ident, next);
                TokenTree::Ident(ident)
            }
            tree => tree,
        };
        escaped = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '$');
        renamed.extend([tree]);
    }
    renamed
}

/// `self::` begins a path.
fn is_colon(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == proc_macro2::Spacing::Joint)
}

fn begins_item(ident: &Ident, next: Option<&TokenTree>) -> bool {
    match ident.to_string().as_str() {
        "impl" | "trait" | "mod" => true,
        // A type such as `fn(u32)` has no name.
        "fn" => matches!(next, Some(TokenTree::Ident(_))),
        _ => false,
    }
}
