//! Rules on what is written, and on the entry it is kept in.

use proc_macro2::Span;
use quote::ToTokens;

use super::placeholders;
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::function::tokens::variables;
use crate::model::{Path, RESULT, Ttl, Value, Written};

/// What is asked of an attribute's settings, by its name.
pub(super) fn check(
    written: &Written,
    function: &Function,
    attribute: &str,
    diagnostics: &mut Diagnostics,
) {
    if let Some(template) = &written.key {
        placeholders::check_name_arguments_alone(template, function, diagnostics);
        placeholders::check_are_parted(template, diagnostics);
    }
    // A key that could not be read has been reported.
    if diagnostics.is_empty() {
        check_names_one_entry(written, attribute, diagnostics);
    }
    check_entry_has_settings_of_its_own(written, attribute, diagnostics);
    check_entry_names_no_result(written, diagnostics);
    check_value_is_a_path(written, diagnostics);
    check_value_is_of_an_argument(written, function, diagnostics);
    check_ttl_is_a_constant(written, diagnostics);
    check_constants_know_no_arguments(written, function, diagnostics);
}

/// One write, one entry.
fn check_names_one_entry(written: &Written, attribute: &str, diagnostics: &mut Diagnostics) {
    match (&written.key, &written.entry) {
        (None, None) => {
            let message = format!(
                "`#[{attribute}]` names no entry; write `key = \"user:<user.id>\"` or \
                `entry = get_user(user.id)`"
            );
            diagnostics.error_at(Span::call_site(), message);
        }
        (Some(_), Some((name, _))) => {
            diagnostics.error(name, "`key` names the entry already; keep one of them");
        }
        _ => {}
    }
}

/// It is the entry of a function, which has said how long it lives, and where.
fn check_entry_has_settings_of_its_own(
    written: &Written,
    attribute: &str,
    diagnostics: &mut Diagnostics,
) {
    if written.entry.is_none() {
        return;
    }
    // Who makes what waits has no entry to ask.
    let is_needed = |name: &&proc_macro2::Ident| attribute == "write_behind" && **name == "cache";
    for name in written.of_entry.iter().filter(|name| !is_needed(name)) {
        let message = format!("`{name}` is that of the `entry`; leave it out");
        diagnostics.error(name, message);
    }
}

/// The barrier is up before there is a result.
fn check_entry_names_no_result(written: &Written, diagnostics: &mut Diagnostics) {
    let Some((_, entry)) = &written.entry else { return };
    if let Some(name) = variables(entry.to_token_stream()).iter().find(|name| *name == RESULT) {
        let message = "the barrier goes up before there is a `result`; name arguments here";
        diagnostics.error(name, message);
    }
}

/// It is cloned before the body takes what it needs.
fn check_value_is_a_path(written: &Written, diagnostics: &mut Diagnostics) {
    if let Value::Other(expr) = &written.value {
        let message = "`value` is an argument or a path from one, such as `user` or \
            `order.customer`; compute other values in a wrapper";
        diagnostics.error(expr, message);
    }
}

fn check_value_is_of_an_argument(
    written: &Written,
    function: &Function,
    diagnostics: &mut Diagnostics,
) {
    let Value::Argument(Path { root, .. }) = &written.value else { return };
    let name = root.to_string();
    let is_self = name == "self" && function.receiver().is_some();
    if is_self || function.argument(&name).is_some() {
        return;
    }
    let message = match (name.as_str(), function.names().as_slice()) {
        (RESULT, _) => {
            "`value = result` is the whole success value; return what is to be cached, or \
            name an argument"
                .to_owned()
        }
        (_, []) => format!("no argument named `{name}`; the function has none"),
        (_, names) => {
            format!("no argument named `{name}`; the function has `{}`", names.join("`, `"))
        }
    };
    diagnostics.error(root, message);
}

/// What depends on the value is said once, where it is cached.
fn check_ttl_is_a_constant(written: &Written, diagnostics: &mut Diagnostics) {
    if let Some(Ttl::OfValue(closure)) = &written.ttl {
        let message = "a `ttl` that depends on the value is that of a cached function; name that, as \
            in `entry = get_user(user.id)`";
        diagnostics.error(closure, message);
    }
}

/// They are the same for all writes of an entry.
fn check_constants_know_no_arguments(
    written: &Written,
    function: &Function,
    diagnostics: &mut Diagnostics,
) {
    let ttl = written.ttl.as_ref().and_then(Ttl::constant).map(|ttl| ("ttl", ttl));
    let version = written.version.as_ref().map(|version| ("version", version));
    for (name, expr) in ttl.into_iter().chain(version) {
        let names = variables(expr.to_token_stream());
        if let Some(found) = names.iter().find(|ident| function.binds(ident)) {
            let message = format!(
                "`{name}` is the same for all calls and can't name `{found}`; write a constant"
            );
            diagnostics.error(found, message);
        }
    }
}
