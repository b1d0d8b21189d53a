//! The settings of an invocation, before anything is known of the function.

mod cached;
mod invalidates;
mod nearest;
mod value;
mod write_behind;
mod write_through;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Token};

use crate::diagnostics::Diagnostics;

pub(crate) use cached::{CachedArgs, Companion, Detach, FreshnessArgs, Lock};
pub(crate) use invalidates::{InvalidatesArgs, Target};
pub(crate) use nearest::nearest;
pub(crate) use write_behind::WriteBehindArgs;
pub(crate) use write_through::{TargetArgs, WriteThroughArgs};

/// `name` or `name = value`.
struct Setting {
    name: Ident,
    value: Option<Expr>,
}

/// The value of a setting, and the name that it stands behind.
pub(crate) struct Given<T> {
    pub(crate) name: Ident,
    pub(crate) value: T,
}

impl<T> Given<T> {
    /// What `read` makes of the value.
    pub(crate) fn map<U>(self, read: impl FnOnce(&Ident, T) -> U) -> Given<U> {
        let value = read(&self.name, self.value);
        Given { name: self.name, value }
    }
}

/// The settings an attribute has, each as an example of its use.
type Known = [(&'static str, &'static str)];

fn parse(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Vec<Setting> {
    let mut settings = Vec::new();
    let parser = |input: ParseStream| {
        while !input.is_empty() {
            match setting(input) {
                Ok(setting) => settings.push(setting),
                Err(error) => {
                    diagnostics.push(error);
                    skip_to_comma(input)?;
                }
            }
            if !input.is_empty() {
                comma(input, diagnostics)?;
            }
        }
        Ok(())
    };
    // Each setting's own error has been recorded; what is left can't fail.
    if let Err(error) = parser.parse2(tokens) {
        diagnostics.push(error);
    }
    settings
}

fn setting(input: ParseStream) -> syn::Result<Setting> {
    if !input.peek(syn::Ident::peek_any) {
        return Err(input.error("expected a setting, such as `key = \"user:<id>\"`"));
    }
    let name = input.call(Ident::parse_any)?;
    if input.peek(Token![=]) {
        let equals: Token![=] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(equals, format!("`{name} =` lacks its value")));
        }
        return Ok(Setting { name, value: Some(input.parse()?) });
    }
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(Setting { name, value: None });
    }
    if input.peek(Token![:]) || input.peek(syn::token::Paren) {
        return Err(input.error(format!("write `{name} = …`")));
    }
    Ok(Setting { name, value: None })
}

fn skip_to_comma(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn comma(input: ParseStream, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    if input.parse::<Option<Token![,]>>()?.is_none() {
        diagnostics.push(input.error("expected `,` before the next setting"));
        if !input.peek(syn::Ident::peek_any) {
            skip_to_comma(input)?;
        }
    }
    Ok(())
}

/// Keeps the first value, and reports a second one.
fn set<T>(slot: &mut Option<T>, name: &Ident, value: Option<T>, diagnostics: &mut Diagnostics) {
    if slot.is_some() {
        diagnostics.error(name, format!("`{name}` is given twice; keep one of them"));
    } else {
        *slot = value;
    }
}

fn unknown(name: &Ident, attribute: &str, known: &Known, diagnostics: &mut Diagnostics) {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let list = names.join("`, `");
    let hint = match nearest(&name.to_string(), &names) {
        Some(nearest) => format!(", did you mean `{nearest}`?"),
        None => ";".to_owned(),
    };
    diagnostics.error(
        name,
        format!("unknown setting `{name}`{hint} the settings of `#[{attribute}]` are `{list}`"),
    );
}
