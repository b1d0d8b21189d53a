//! Rules on how long values live, and what happens around their end.

use proc_macro2::Ident;
use quote::ToTokens;

use crate::diagnostics::Diagnostics;
use crate::function::Returns;
use crate::function::tokens::{may_bind, variables};
use crate::model::Cached;

pub(super) fn check(cached: &Cached, diagnostics: &mut Diagnostics) {
    for check in [
        check_ttl_takes_the_value,
        check_ttl_knows_the_value_alone,
        check_none_ttl_has_a_none,
        check_timeout_has_a_stale_value,
        check_remembered_errors_are_returned,
        check_timeouts_can_be_returned,
    ] {
        check(cached, diagnostics);
    }
}

fn check_ttl_takes_the_value(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(closure) = cached.freshness.ttl_of_value()
        && closure.inputs.len() != 1
    {
        let message = "the closure of `ttl` takes the value alone; write `|value| …`";
        diagnostics.error(closure, message);
    }
}

/// It is also that of values that no call has loaded: of `entry(…).put(value)`.
fn check_ttl_knows_the_value_alone(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Some(closure) = cached.freshness.ttl_of_value() else {
        return;
    };
    let of_call =
        |name: &Ident| cached.function.binds(name) && !may_bind(closure.to_token_stream(), name);
    if let Some(found) = variables(closure.body.to_token_stream()).into_iter().find(of_call) {
        let message = format!(
            "the closure of `ttl` sees the value alone, since `put` has no arguments, and can't \
            name `{found}`; keep what it needs in the value",
        );
        diagnostics.error(found, message);
    }
}

fn check_none_ttl_has_a_none(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(none_ttl) = &cached.freshness.none_ttl
        && cached.function.returns.as_ref().is_some_and(Returns::is_never_none)
    {
        let message = format!(
            "`none_ttl` is the life of a cached `None`, and `{}` returns no `Option`; leave it out",
            cached.function.sig.ident,
        );
        diagnostics.error(&none_ttl.name, message);
    }
}

/// Who waits for a time-out takes what is stale then.
fn check_timeout_has_a_stale_value(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let (Some(timeout), None) = (&cached.freshness.timeout, &cached.freshness.stale) {
        let message = "after `timeout` a caller takes the stale value, and without `stale` there is \
            none; write `stale = \"5m\"` as well, or `hard_timeout`";
        diagnostics.error(&timeout.name, message);
    }
}

fn check_remembered_errors_are_returned(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(err_ttl) = cached.freshness.err_ttl.as_ref().filter(|_| never_fails(cached)) {
        let message = format!(
            "`err_ttl` is the life of an error, and `{}` returns no `Result`; leave it out",
            cached.function.sig.ident,
        );
        diagnostics.error(&err_ttl.name, message);
    }
}

/// A caller with nothing at hand gets an error.
fn check_timeouts_can_be_returned(cached: &Cached, diagnostics: &mut Diagnostics) {
    let hard_timeout = cached.freshness.hard_timeout.as_ref();
    if let Some(hard_timeout) = hard_timeout.filter(|_| never_fails(cached)) {
        let message = format!(
            "`hard_timeout` ends in an error, and `{}` returns no `Result`; return a `Result<T, E>` \
            with `E: From<cache_runtime::Timeout>`, or leave it out",
            cached.function.sig.ident,
        );
        diagnostics.error(&hard_timeout.name, message);
    }
}

fn never_fails(cached: &Cached) -> bool {
    cached.function.returns.as_ref().is_some_and(Returns::never_fails)
}
