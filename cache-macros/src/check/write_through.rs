//! Rules of `#[write_through]`.

use super::{function, written};
use crate::diagnostics::Diagnostics;
use crate::model::{Value, WriteThrough};

pub(crate) fn write_through(write: &WriteThrough, diagnostics: &mut Diagnostics) {
    function::check(&write.function, "write_through", diagnostics);
    written::check(&write.written, &write.function, "write_through", diagnostics);
    check_there_is_a_value(write, diagnostics);
    check_value_is_owned(write, diagnostics);
}

/// Without one, there is nothing to keep.
fn check_there_is_a_value(write: &WriteThrough, diagnostics: &mut Diagnostics) {
    let is_result = matches!(write.written.value, Value::Unsaid | Value::Result);
    if is_result && write.function.returns.is_none() {
        let name = &write.function.sig.ident;
        let message = format!(
            "`{name}` returns nothing to cache; return the value, or name an argument, as in \
            `value = user`"
        );
        diagnostics.error(name, message);
    }
}

/// An entry outlives the call.
fn check_value_is_owned(write: &WriteThrough, diagnostics: &mut Diagnostics) {
    let is_result = matches!(write.written.value, Value::Unsaid | Value::Result);
    let returns = write.function.returns.as_ref().filter(|_| is_result);
    if let Some(borrowed) = returns.and_then(|returns| returns.borrowed()) {
        let message = "a cached value outlives the call and can't borrow from it; return an owned \
            type, or name an argument, as in `value = user`";
        diagnostics.error(borrowed.to_token_stream(), message);
    }
}
