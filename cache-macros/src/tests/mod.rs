//! What invocations become, as `cargo expand` would print it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cached;
mod errors;
mod freshness;
mod invalidates;
mod length;
mod write_behind;
mod write_through;

use proc_macro2::TokenStream;

use crate::diagnostics::{Diagnostics, or_errors};
use crate::expand;

type Attribute = fn(TokenStream, TokenStream, &mut Diagnostics) -> Option<TokenStream>;

fn expanded(attribute: Attribute, args: &str, item: &str) -> TokenStream {
    let args = args.parse().unwrap();
    or_errors(item.parse().unwrap(), |item, diagnostics| attribute(args, item, diagnostics))
}

fn printed(tokens: &TokenStream) -> String {
    let file = syn::parse2(tokens.clone()).unwrap_or_else(|error| panic!("{error}: {tokens}"));
    prettyplease::unparse(&file)
}

fn cached(args: &str, item: &str) -> String {
    printed(&expanded(expand::cached, args, item))
}

fn invalidates(args: &str, item: &str) -> String {
    printed(&expanded(expand::invalidates, args, item))
}

fn write_behind(args: &str, item: &str) -> String {
    printed(&expanded(expand::write_behind, args, item))
}

fn write_through(args: &str, item: &str) -> String {
    printed(&expanded(expand::write_through, args, item))
}

/// A method's expansion, in the `impl` that it needs.
fn method(attribute: Attribute, args: &str, item: &str) -> String {
    let method = expanded(attribute, args, item);
    printed(&quote::quote!(impl Users { #method }))
}
