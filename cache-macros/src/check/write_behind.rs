//! Rules of `#[write_behind]`.

use proc_macro2::Span;
use quote::ToTokens;

use super::{function, written};
use crate::diagnostics::Diagnostics;
use crate::function::tokens::variables;
use crate::model::{Value, WriteBehind};

pub(crate) fn write_behind(write: &WriteBehind, diagnostics: &mut Diagnostics) {
    function::check(&write.function, "write_behind", diagnostics);
    for check in [
        check_is_a_free_function,
        check_is_one_function,
        check_arguments_can_wait,
        check_there_is_a_value,
        check_cache_is_known_without_a_call,
    ] {
        check(write, diagnostics);
    }
    written::check(&write.written, &write.function, "write_behind", diagnostics);
}

/// Its companions stand beside it, and nobody has a `self` when its writes are made.
fn check_is_a_free_function(write: &WriteBehind, diagnostics: &mut Diagnostics) {
    if let Some(receiver) = write.function.receiver() {
        let message = "the write is made later, when nobody has this `self`; write a free function, and \
            let its body find what it needs";
        diagnostics.error(receiver, message);
    } else if write.function.is_boxed() {
        let message =
            "`#[write_behind]` stands on an `async fn`, not on one that returns a boxed future";
        diagnostics.error(&write.function.sig.ident, message);
    }
}

/// What waits is found again by the path of the function.
fn check_is_one_function(write: &WriteBehind, diagnostics: &mut Diagnostics) {
    if let Some(parameter) = write.function.sig.generics.params.first() {
        let message = "what waits is found again by the function's name, which all its instances share; \
            write one function for each type";
        diagnostics.error(parameter, message);
    }
}

/// They wait in the journal, where others find them.
fn check_arguments_can_wait(write: &WriteBehind, diagnostics: &mut Diagnostics) {
    for argument in &write.function.arguments {
        if argument.may_borrow() {
            let message = "this waits in the journal, and what is borrowed can't; take it by value";
            diagnostics.error(&argument.ty, message);
        } else if argument.destructured {
            let message = "give this argument a name, and take it apart in the body";
            diagnostics.error(&argument.pat, message);
        }
    }
}

/// It is cached before the body has run.
fn check_there_is_a_value(write: &WriteBehind, diagnostics: &mut Diagnostics) {
    match &write.written.value {
        Value::Unsaid => {
            let message =
                "say what is cached: an argument or a path from one, such as `value = item`";
            diagnostics.error_at(Span::call_site(), message);
        }
        Value::Result => {
            let message = "the value is cached before there is a `result`; name an argument, such as \
                `value = item`";
            diagnostics.error(&write.function.sig.ident, message);
        }
        Value::Argument(_) | Value::Other(_) => {}
    }
}

/// What an earlier process has left is made without a call.
fn check_cache_is_known_without_a_call(write: &WriteBehind, diagnostics: &mut Diagnostics) {
    let Some(cache) = &write.written.cache else { return };
    let names = variables(cache.to_token_stream());
    if let Some(found) = names.iter().find(|name| write.function.binds(name)) {
        let message = "writes are made later, without a call's arguments; name a cache that is the same \
            for all";
        diagnostics.error(found, message);
    }
}
