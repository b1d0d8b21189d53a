//! Rules on the signature that both attributes have.

use syn::{ReturnType, Safety};

use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::function::tokens::find_ident;
use quote::ToTokens;

pub(super) fn check(function: &Function, attribute: &str, diagnostics: &mut Diagnostics) {
    check_is_async(function, attribute, diagnostics);
    check_is_safe(function, attribute, diagnostics);
    check_names_its_return_type(function, attribute, diagnostics);
    check_has_arguments_without_cfg(function, diagnostics);
}

/// A lookup in the remote tier awaits, and so does telling it of an invalidation.
fn check_is_async(function: &Function, attribute: &str, diagnostics: &mut Diagnostics) {
    if !function.is_async() {
        let message = format!(
            "`#[{attribute}]` needs an `async fn`; write `async fn {}`",
            function.sig.ident
        );
        diagnostics.error(function.sig.fn_token, message);
    }
}

/// The body moves, and a call of an unsafe function needs an `unsafe` block that is nobody's.
fn check_is_safe(function: &Function, attribute: &str, diagnostics: &mut Diagnostics) {
    if let Safety::Unsafe(token) = &function.sig.safety {
        let message = format!(
            "`#[{attribute}]` can't stand on an `unsafe fn`; call that one from a safe `async fn`",
        );
        diagnostics.error(token, message);
    }
}

/// What is stored depends on the type, and only the compiler knows what is behind `impl`.
fn check_names_its_return_type(
    function: &Function,
    attribute: &str,
    diagnostics: &mut Diagnostics,
) {
    // A boxed future would be found to be none: its `dyn` is no `impl`.
    let ReturnType::Type(_, ty) = &function.sig.output else {
        return;
    };
    if !function.is_async() {
        return;
    }
    if let Some(found) = find_ident(ty.to_token_stream(), |ident| ident == "impl") {
        let message = format!(
            "`#[{attribute}]` can't see through `impl`; name the type that `{}` returns",
            function.sig.ident,
        );
        diagnostics.error(found, message);
    }
}

/// The arguments are passed on in code that a `cfg` would have to stand on as well.
fn check_has_arguments_without_cfg(function: &Function, diagnostics: &mut Diagnostics) {
    let attrs = function.arguments.iter().flat_map(|argument| &argument.attrs);
    for attr in attrs.filter(|attr| attr.path().is_ident("cfg")) {
        diagnostics
            .error(attr, "write one function for each `cfg`; an argument can't have its own");
    }
}
