//! Rules on what is not cached.

use proc_macro2::Ident;
use quote::ToTokens;

use super::detach::is_clonable_type;
use crate::diagnostics::Diagnostics;
use crate::function::tokens::may_bind;
use crate::model::Cached;

pub(super) fn check(cached: &Cached, diagnostics: &mut Diagnostics) {
    check_value_is_no_argument(cached, diagnostics);
    check_unless_can_be_cloned(cached, diagnostics);
}

/// It would not be clear which of the two is meant.
fn check_value_is_no_argument(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(value) = cached.unless_value()
        && let Some((_, argument)) = cached.function.argument(&value.to_string())
    {
        let message = "`value` is the success value in `unless`; give this argument another name";
        diagnostics.error(argument, message);
    }
}

/// It is decided when the body has its arguments, and maybe when the call has ended.
fn check_unless_can_be_cloned(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Some(unless) = &cached.unless else { return };
    let names = cached.unless_variables();
    let arguments = cached.function.arguments.iter().filter(|one| !is_clonable_type(&one.ty));
    let of_expr = |binding: &Ident| {
        let found = names.iter().find(|name| *name == binding)?;
        (!may_bind(unless.value.to_token_stream(), found)).then_some(found)
    };
    for found in arguments.flat_map(|argument| &argument.bindings).filter_map(of_expr) {
        let message = format!(
            "`unless` may outlive the call, and what `{found}` borrows can't be cloned for it; take \
            it by value",
        );
        diagnostics.error(found, message);
    }
}
