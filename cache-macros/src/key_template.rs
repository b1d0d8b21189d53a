//! `"user:<id>"`: text, and placeholders that name arguments.

use std::iter::Peekable;
use std::str::Chars;

use proc_macro2::{Ident, Span};
use syn::{Index, LitStr, Member};

use crate::diagnostics::Diagnostics;

pub(crate) struct Template {
    pub(crate) literal: LitStr,
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

/// `<user.address.0>`
pub(crate) struct Placeholder {
    /// As it stands between the angle brackets.
    pub(crate) source: String,
    /// The argument's name, without `r#`.
    pub(crate) root: String,
    pub(crate) fields: Vec<Member>,
}

impl Template {
    /// Reads `literal`. A mistake in one placeholder leaves the others to be read.
    pub(crate) fn parse(literal: LitStr, diagnostics: &mut Diagnostics) -> Self {
        let text = literal.value();
        let mut pieces = Vec::new();
        let mut reader = Reader { rest: text.chars().peekable(), span: literal.span() };
        while reader.rest.peek().is_some() {
            pieces.extend(reader.piece(diagnostics));
        }
        if text.is_empty() {
            diagnostics.error(&literal, "this key is empty; write one such as `\"user:<id>\"`");
        }
        Self { literal, pieces }
    }

    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(placeholder) => Some(placeholder),
            Piece::Text(_) => None,
        })
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    span: Span,
}

impl Reader<'_> {
    /// The next piece, unless it is a mistake.
    fn piece(&mut self, diagnostics: &mut Diagnostics) -> Option<Piece> {
        if self.rest.peek() == Some(&'<') && !self.doubled() {
            self.placeholder(diagnostics).map(Piece::Placeholder)
        } else {
            Some(Piece::Text(self.text(diagnostics)))
        }
    }

    fn doubled(&self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == ahead.next()
    }

    fn text(&mut self, diagnostics: &mut Diagnostics) -> String {
        let mut text = String::new();
        while let Some(&next) = self.rest.peek() {
            let bracket = matches!(next, '<' | '>');
            if bracket && self.doubled() {
                self.rest.next();
            } else if next == '<' {
                break;
            } else if next == '>' {
                let message = "this `>` closes nothing; write `>>` for a literal angle bracket";
                diagnostics.error_at(self.span, message);
            }
            self.rest.next();
            text.push(next);
        }
        text
    }

    fn placeholder(&mut self, diagnostics: &mut Diagnostics) -> Option<Placeholder> {
        self.rest.next();
        let mut source = String::new();
        loop {
            match self.rest.next() {
                Some('>') => break,
                Some(next) => source.push(next),
                None => {
                    let message = format!(
                        "`<{source}` is not closed; write `<{}>`, or `<<` for a literal angle bracket",
                        if source.is_empty() { "id" } else { &source },
                    );
                    diagnostics.error_at(self.span, message);
                    return None;
                }
            }
        }
        match Placeholder::parse(&source, self.span) {
            Ok(placeholder) => Some(placeholder),
            Err(message) => {
                diagnostics.error_at(self.span, message);
                None
            }
        }
    }
}

impl Placeholder {
    fn parse(source: &str, span: Span) -> Result<Self, String> {
        if source.trim().is_empty() {
            return Err(
                "`<>` names no argument; write one between the angle brackets, such as `<id>`, \
                or `<<>>` for literal ones"
                    .to_owned(),
            );
        }
        let mut names = source.trim().split('.').map(str::trim);
        let root = names.next().map(unraw).unwrap_or_default();
        let fields: Option<Vec<Member>> = names.map(|name| member(name, span)).collect();
        match fields {
            Some(fields) if is_name(root) => {
                Ok(Self { source: source.to_owned(), root: root.to_owned(), fields })
            }
            _ => Err(format!(
                "`<{source}>` is neither an argument nor a field of one, such as `<id>`, \
                `<user.id>` or `<pair.0>`; compute other values inside the body or in a wrapper",
            )),
        }
    }
}

fn unraw(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

fn is_name(name: &str) -> bool {
    name != "_" && syn::parse_str::<AnyIdent>(name).is_ok()
}

fn member(name: &str, span: Span) -> Option<Member> {
    let name = unraw(name);
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name.parse().ok().map(|index| Member::Unnamed(Index { index, span }));
    }
    is_name(name).then(|| Member::Named(ident(name, span)))
}

/// A keyword that isn't `r#`-escaped can't be a field's name.
fn ident(name: &str, span: Span) -> Ident {
    if syn::parse_str::<Ident>(name).is_ok() {
        Ident::new(name, span)
    } else {
        Ident::new_raw(name, span)
    }
}

struct AnyIdent;

impl syn::parse::Parse for AnyIdent {
    fn parse(input: syn::parse::ParseStream) -> syn::Result<Self> {
        use syn::ext::IdentExt;
        input.call(Ident::parse_any).map(|_| Self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        let mut diagnostics = Diagnostics::default();
        let literal = LitStr::new(text, Span::call_site());
        let template = Template::parse(literal, &mut diagnostics);
        if !diagnostics.is_empty() {
            return Err(diagnostics.messages().join("; "));
        }
        Ok(template.pieces.iter().map(shown).collect::<Vec<_>>().join(" "))
    }

    fn shown(piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Placeholder(Placeholder { root, fields, .. }) => {
                let fields = fields.iter().map(|field| match field {
                    Member::Named(name) => format!(".{name}"),
                    Member::Unnamed(index) => format!(".{}", index.index),
                });
                format!("{root}{}", fields.collect::<String>())
            }
        }
    }

    #[test]
    fn text_and_placeholders_alternate() {
        assert_eq!(parse("user:<id>").unwrap(), r#""user:" id"#);
        assert_eq!(parse("<a>/<b>!").unwrap(), r#"a "/" b "!""#);
    }

    #[test]
    fn a_placeholder_may_be_a_path_of_fields() {
        assert_eq!(parse("<self.tenant>:<pair.0.x>").unwrap(), r#"self.tenant ":" pair.0.x"#);
        assert_eq!(parse("<r#type.type>").unwrap(), "type.r#type");
    }

    #[test]
    fn doubled_angle_brackets_are_text() {
        assert_eq!(parse("<<id>>").unwrap(), r#""<id>""#);
        assert_eq!(parse("<<<id>>>").unwrap(), r#""<" id ">""#);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parse("").unwrap_err().contains("empty"));
        assert!(parse("a:<>").unwrap_err().contains("names no argument"));
        assert!(parse("a:<id").unwrap_err().contains("`<id` is not closed"));
        assert!(parse("a:id>").unwrap_err().contains("closes nothing"));
        for source in ["<id:?>", "<id()>", "<1>", "<a..b>", "<a + b>", "<_>", "<&id>"] {
            assert!(parse(source).unwrap_err().contains("neither an argument"), "{source}");
        }
    }

    #[test]
    fn every_mistake_of_one_key_is_reported() {
        assert_eq!(parse("<a()>:<>:<b").unwrap_err().matches(';').count(), 5);
    }
}
