//! Rules of `#[invalidates]`.

use quote::ToTokens;
use syn::ReceiverKind;

use super::{function, placeholders};
use crate::args::nearest;
use crate::diagnostics::Diagnostics;
use crate::function::tokens::variables;
use crate::model::{Invalidated, Invalidates};

pub(crate) fn invalidates(invalidates: &Invalidates, diagnostics: &mut Diagnostics) {
    // A target that could not be read has been reported.
    if diagnostics.is_empty() {
        check_names_something(invalidates, diagnostics);
    }
    function::check(&invalidates.function, "invalidates", diagnostics);
    for target in &invalidates.targets {
        if let Invalidated::Key(template) = target {
            let function = &invalidates.function;
            placeholders::check_name_arguments(template, function, Some("result"), diagnostics);
            placeholders::check_are_parted(template, diagnostics);
        }
    }
    check_on_is_known(invalidates, diagnostics);
    check_at_is_known(invalidates, diagnostics);
    check_around_names_no_result(invalidates, diagnostics);
    check_result_is_no_argument(invalidates, diagnostics);
    check_result_is_apart_from_exclusive_self(invalidates, diagnostics);
}

fn check_names_something(invalidates: &Invalidates, diagnostics: &mut Diagnostics) {
    if invalidates.targets.is_empty() {
        let message = "`#[invalidates]` names nothing; write `key = \"user:<id>\"` or \
            `entry = get_user(id)`";
        diagnostics.error_at(proc_macro2::Span::call_site(), message);
    }
}

fn check_on_is_known(invalidates: &Invalidates, diagnostics: &mut Diagnostics) {
    if let Some(on) = &invalidates.on
        && !matches!(on.value().as_str(), "ok" | "always")
    {
        diagnostics.error(on, "`on` is `\"ok\"` or `\"always\"`");
    }
}

fn check_at_is_known(invalidates: &Invalidates, diagnostics: &mut Diagnostics) {
    const KNOWN: &[&str] = &["after", "around"];
    let Some(at) = &invalidates.at else { return };
    if !KNOWN.contains(&at.value().as_str()) {
        let hint = nearest(&at.value(), KNOWN)
            .map(|nearest| format!("; did you mean `\"{nearest}\"`?"))
            .unwrap_or_default();
        diagnostics.error(at, format!("`at` is `\"after\"` or `\"around\"`{hint}"));
    }
}

/// The barrier is up before there is a result.
fn check_around_names_no_result(invalidates: &Invalidates, diagnostics: &mut Diagnostics) {
    if !invalidates.is_around() {
        return;
    }
    for target in &invalidates.targets {
        if let Some(result) = target.result() {
            let message = "`at = \"around\"` puts its barrier up before there is a `result`; name \
                arguments here, and write what `result` names in an `#[invalidates]` of its own, \
                without `at`";
            diagnostics.error(result, message);
        }
    }
}

/// It would not be clear which of the two is meant.
fn check_result_is_no_argument(invalidates: &Invalidates, diagnostics: &mut Diagnostics) {
    let named = invalidates.targets.iter().any(|target| target.result().is_some());
    if named && let Some((_, argument)) = invalidates.function.argument("result") {
        let message = "`result` is the success value in the settings of `#[invalidates]`; give this \
            argument another name";
        diagnostics.error(argument, message);
    }
}

/// The body has `self` to itself, until after there is a result.
fn check_result_is_apart_from_exclusive_self(
    invalidates: &Invalidates,
    diagnostics: &mut Diagnostics,
) {
    let kind = invalidates.function.receiver().map(|receiver| &receiver.kind);
    if !matches!(kind, Some(ReceiverKind::Reference(_, _, Some(_)))) {
        return;
    }
    for target in &invalidates.targets {
        let Invalidated::Entry(entry) = target else {
            continue;
        };
        let names = variables(entry.to_token_stream());
        let of_self = names.iter().find(|name| *name == "self");
        if let (Some(name), Some(_)) = (of_self, target.result()) {
            let message = "`self` is the body's until there is a `result`; write a `key` with \
                `<result.…>`, or take `&self`";
            diagnostics.error(name, message);
        }
    }
}
