//! Questions about raw tokens.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

/// All tokens, with those inside of groups in their place.
pub(crate) fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => all.extend(flat(group.stream())),
            token => all.push(token),
        }
    }
    all
}

/// The identifiers that may be variables: neither fields nor parts of a path.
pub(crate) fn variables(tokens: TokenStream) -> Vec<Ident> {
    let tokens = flat(tokens);
    let variables = tokens.iter().enumerate().filter_map(|(at, token)| match token {
        TokenTree::Ident(ident) if !is_field(&tokens, at) && !is_path(&tokens, at) => Some(ident),
        _ => None,
    });
    variables.cloned().collect()
}

/// Whether `name` stands there by itself, and not as a field, a method or a name in another module.
pub(crate) fn names(tokens: TokenStream, name: &Ident) -> bool {
    let tokens = flat(tokens);
    tokens.iter().enumerate().any(|(at, token)| {
        let is_name = matches!(token, TokenTree::Ident(ident) if ident == name);
        is_name && !is_field(&tokens, at) && !is_in_module(&tokens, at)
    })
}

/// Whether the token stands behind a dot, other than that of a range.
fn is_field(tokens: &[TokenTree], at: usize) -> bool {
    let dot = |back: usize| at.checked_sub(back).is_some_and(|at| is_punct(&tokens[at], '.'));
    dot(1) && !dot(2)
}

fn is_path(tokens: &[TokenTree], at: usize) -> bool {
    is_double_colon(tokens, at + 1) || is_in_module(tokens, at)
}

fn is_in_module(tokens: &[TokenTree], at: usize) -> bool {
    at.checked_sub(2).is_some_and(|before| is_double_colon(tokens, before))
}

fn is_double_colon(tokens: &[TokenTree], first: usize) -> bool {
    let joint = matches!(tokens.get(first), Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
    joint && tokens.get(first + 1).is_some_and(|token| is_punct(token, ':'))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// The first identifier for which `wanted` holds.
pub(crate) fn find_ident(tokens: TokenStream, wanted: impl Fn(&Ident) -> bool) -> Option<Ident> {
    flat(tokens).into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if wanted(&ident) => Some(ident),
        _ => None,
    })
}

/// Whether a type may borrow: it names a lifetime other than `'static`, has a reference without
/// one, or is `impl Trait`, which may hold anything.
pub(crate) fn may_borrow(tokens: TokenStream) -> bool {
    let tokens = flat(tokens);
    let is_static = |at: usize| {
        tokens.get(at).is_some_and(|token| is_punct(token, '\''))
            && matches!(tokens.get(at + 1), Some(TokenTree::Ident(name)) if name == "static")
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Punct(punct) if punct.as_char() == '&' => !is_static(at + 1),
        TokenTree::Punct(punct) if punct.as_char() == '\'' => !is_static(at),
        TokenTree::Ident(ident) => ident == "impl",
        _ => false,
    })
}

/// The tokens within groups without delimiters, as `macro_rules!` leaves them.
pub(crate) fn ungrouped(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungrouped(group.stream())
        }
        _ => tokens,
    }
}

/// `group` with other contents, and its own spans.
pub(crate) fn refilled(group: &Group, tokens: TokenStream) -> Group {
    let mut refilled = Group::new(group.delimiter(), tokens);
    refilled.set_span(group.span());
    refilled
}

/// `tokens`, where an error is to be shown at `span`.
pub(crate) fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    let respanned = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut respanned = Group::new(group.delimiter(), respanned(group.stream(), span));
            respanned.set_span(span);
            TokenTree::Group(respanned)
        }
        mut token => {
            token.set_span(span);
            token
        }
    });
    respanned.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn fields_methods_and_paths_are_no_variables() {
        let tokens = "a.b(c, module::d, e::<f>(), ..g, h.0.i)".parse().unwrap();
        let found: Vec<_> = variables(tokens).iter().map(Ident::to_string).collect();
        assert_eq!(found, ["a", "c", "f", "g", "h"]);
    }

    #[test]
    fn a_function_of_another_module_is_another_function() {
        let names_get =
            |tokens: &str| names(tokens.parse().unwrap(), &Ident::new("get", Span::call_site()));
        assert!(names_get("{ Box::pin(get(id)).await }"));
        assert!(names_get("get::refresh(id).await"));
        assert!(!names_get("db::get(id).await + self.get(id).await"));
    }

    #[test]
    fn types_that_may_borrow_are_found() {
        let borrows = |ty: &str| may_borrow(ty.parse().unwrap());
        for ty in ["&str", "Cow<'a, str>", "Option<&'_ u8>", "impl Into<String>", "&&'static u8"] {
            assert!(borrows(ty), "{ty}");
        }
        for ty in ["String", "&'static str", "Cow<'static, str>", "Box<dyn Fn(u8) -> u8>"] {
            assert!(!borrows(ty), "{ty}");
        }
    }
}
