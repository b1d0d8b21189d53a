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
    let is_other = |at| is_field(&tokens, at) || is_path(&tokens, at) || is_named(&tokens, at);
    let variables = tokens.iter().enumerate().filter_map(|(at, token)| match token {
        TokenTree::Ident(ident) if !is_other(at) => Some(ident),
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

/// Whether the token is the name of what stands behind its colon.
fn is_named(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| is_punct(token, ':')) && !is_double_colon(tokens, at + 1)
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

/// Whether a pattern in these tokens may bind `name` anew: one of a closure, a `let`, a `for` or an
/// arm of a `match`.
pub(crate) fn may_bind(tokens: TokenStream, name: &Ident) -> bool {
    let mut in_pattern = false;
    let mut in_arm = false;
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match &tree {
            TokenTree::Ident(ident) if ident == "let" || ident == "for" => in_pattern = true,
            TokenTree::Ident(ident) if ident == "in" => in_pattern = false,
            TokenTree::Punct(punct) => match punct.as_char() {
                '|' => in_pattern = !in_pattern,
                '=' if trees.peek().is_some_and(|next| is_punct(next, '>')) && in_arm => {
                    return true;
                }
                '=' | ';' => in_pattern = false,
                ',' => in_arm = false,
                _ => {}
            },
            TokenTree::Group(group) if may_bind(group.stream(), name) => return true,
            _ => {}
        }
        if find_ident(tree.into(), |ident| ident == name).is_some() {
            if in_pattern {
                return true;
            }
            in_arm = true;
        }
    }
    false
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
        let tokens = "a.b(c, module::d, e::<f>(), ..g, h.0.i, X { j: k })".parse().unwrap();
        let found: Vec<_> = variables(tokens).iter().map(Ident::to_string).collect();
        assert_eq!(found, ["a", "c", "f", "g", "h", "X", "k"]);
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
    fn patterns_that_may_bind_a_name_are_found() {
        let binds =
            |tokens: &str| may_bind(tokens.parse().unwrap(), &Ident::new("id", Span::call_site()));
        for tokens in [
            "|id| id.ttl",
            "|user| { let Id(id) = user.id; id }",
            "|user| { for id in user.ids {} }",
            "|user| match user { User { id, .. } => ttl_of(id), _ => TTL }",
            "|user| user.ids.iter().map(|(id, _)| id).sum()",
        ] {
            assert!(binds(tokens), "{tokens}");
        }
        for tokens in [
            "|user| ttl_of(id)",
            "|user| { let ttl = id; ttl }",
            "|user| match user { User { .. } => id, _ => id }",
            "|user| if user.a || user.b { id } else { TTL }",
        ] {
            assert!(!binds(tokens), "{tokens}");
        }
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
