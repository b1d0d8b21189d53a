//! Rules of `#[cached]`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericParam, PredicateType, Type, WherePredicate};

use super::{conditions, detach, freshness, function, placeholders};
use crate::diagnostics::Diagnostics;
use crate::function::Function;
use crate::function::tokens::{find_ident, variables};
use crate::model::{Cached, Lease, Place};

pub(crate) fn cached(cached: &Cached, diagnostics: &mut Diagnostics) {
    function::check(&cached.function, "cached", diagnostics);
    if let Some(template) = &cached.key {
        placeholders::check_name_arguments(template, &cached.function, None, diagnostics);
        placeholders::check_are_parted(template, diagnostics);
    }
    for check in [
        check_returns_a_value,
        check_returns_what_it_owns,
        check_returns_what_can_be_read_back,
        check_method_has_key,
        check_function_without_companion_has_key,
        check_key_tells_instances_apart,
        check_self_needs_no_companion,
        check_boxed_has_no_companion,
        check_lock_has_a_remote_tier,
        check_version_has_a_remote_tier,
        check_constants_know_no_arguments,
        check_is_cached_once,
        freshness::check,
        conditions::check,
        detach::check,
    ] {
        check(cached, diagnostics);
    }
}

/// Without a value, there is nothing to cache.
fn check_returns_a_value(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Function { sig, returns, .. } = &cached.function;
    if returns.is_none() {
        let message = format!("`{0}` returns nothing to cache; write `{0}(…) -> T`", sig.ident);
        diagnostics.error(&sig.ident, message);
    }
}

/// An entry outlives the call.
fn check_returns_what_it_owns(cached: &Cached, diagnostics: &mut Diagnostics) {
    let borrowed = cached.function.returns.as_ref().and_then(|returns| returns.borrowed());
    if let Some(borrowed) = borrowed {
        let message = "a cached value outlives the call and can't borrow from it; return an owned \
            type, such as `String` or `Arc<T>`";
        diagnostics.error(borrowed.to_token_stream(), message);
    }
}

/// Nothing that is read from the remote tier lives as long as the program.
fn check_returns_what_can_be_read_back(cached: &Cached, diagnostics: &mut Diagnostics) {
    let found = cached.function.returns.as_ref().and_then(|returns| returns.static_reference());
    if let Some(found) = found.filter(|_| cached.local.is_none()) {
        let message = "a reference can't be read from the remote tier; return an owned type, such as \
            `String` or `Arc<T>`, or write `local`";
        diagnostics.error(found.to_token_stream(), message);
    }
}

/// Two instances would share entries.
fn check_method_has_key(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Function { sig, .. } = &cached.function;
    if cached.key.is_some() {
        return;
    }
    if let Some(receiver) = cached.function.receiver() {
        let message = "a cached method needs a `key`, or two instances would share entries; write \
            `key = \"…\"`, with what tells them apart, such as `<self.tenant>`";
        diagnostics.error(receiver, message);
    } else if matches!(cached.place, Place::Boxed { .. }) {
        let message = "a cached function that returns a boxed future needs a `key`, or two types \
            would share entries; write `key = \"…\"`";
        diagnostics.error(&sig.ident, message);
    }
}

/// It may stand in an `impl`, where the path of the module doesn't tell two types apart.
fn check_function_without_companion_has_key(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(no) = &cached.without_companion
        && cached.key.is_none()
        && cached.function.receiver().is_none()
        && !cached.function.is_boxed()
    {
        let message = "`companion = false` needs a `key`, since the function may be one of a type; \
            write `key = \"…\"`";
        diagnostics.error(no, message);
    }
}

/// A companion stands beside the function, and an `impl` has no place for it.
fn check_self_needs_no_companion(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Function { sig, body, .. } = &cached.function;
    if !matches!(cached.place, Place::Companion(_)) {
        return;
    }
    // The body may hold an `impl` with a `Self` of its own.
    let nested = find_ident(body.stream(), |ident| ident == "impl" || ident == "trait").is_some();
    let tokens = if nested { quote!(#sig) } else { quote!(#sig #body) };
    if let Some(found) = find_ident(tokens, |ident| ident == "Self") {
        let message = "a companion can't stand in an `impl`; write `companion = false` and a `key` on \
            an associated function";
        diagnostics.error(found, message);
    }
}

/// `#[async_trait]` allows no function that the trait doesn't have.
fn check_boxed_has_no_companion(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Place::Boxed { entry: Some(name) } = &cached.place {
        let message = "a function that returns a boxed future has no companion; leave `companion` out \
            and write `Key::new(…)` where you need the key";
        diagnostics.error(name, message);
    }
}

/// Leases live in the remote tier.
fn check_lock_has_a_remote_tier(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let (Some(lock), Some(_)) = (&cached.lock, &cached.local)
        && cached.lease != Lease::No
    {
        let message =
            "`lock` is held in the remote tier, which `local` leaves out; remove one of them";
        diagnostics.error(&lock.name, message);
    }
}

/// What neither an argument nor the result knows of is no part of a key that is written out.
fn check_key_tells_instances_apart(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Function { sig, .. } = &cached.function;
    if cached.key.is_none() {
        return;
    }
    for parameter in &sig.generics.params {
        let name = match parameter {
            GenericParam::Type(parameter) => &parameter.ident,
            GenericParam::Const(parameter) => &parameter.ident,
            GenericParam::Lifetime(_) => continue,
        };
        let others = sig.generics.params.iter().filter(|other| !std::ptr::eq(*other, parameter));
        let predicates = sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let bounds = predicates.filter(|predicate| !is_about(predicate, name));
        let (inputs, output, cache) = (&sig.inputs, &sig.output, &cached.cache);
        let known = quote!(#inputs #output #(#others)* #(#bounds)* #cache);
        if find_ident(known, |ident| ident == name).is_none() {
            let is_needed = cached.function.receiver().is_some();
            let without = if is_needed { "" } else { "leave `key` out, or " };
            let message = format!(
                "the entries of this key would be the same for every `{name}`; {without}name an \
                argument that tells them apart"
            );
            diagnostics.error(name, message);
        }
    }
}

/// Whether this only says what `name` is.
fn is_about(predicate: &WherePredicate, name: &Ident) -> bool {
    matches!(predicate, WherePredicate::Type(PredicateType { bounded_ty: Type::Path(path), .. })
        if path.path.is_ident(name))
}

/// A local entry never meets another version of the program.
fn check_version_has_a_remote_tier(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let (Some(version), Some(_)) = (&cached.version, &cached.local) {
        let message = "`version` tells entries of the remote tier apart, which `local` leaves out; \
            remove one of them";
        diagnostics.error(&version.value, message);
    }
}

/// They stand in a `static`, or beside it.
fn check_constants_know_no_arguments(cached: &Cached, diagnostics: &mut Diagnostics) {
    let version = cached.version.as_ref().map(|version| (&version.name, &version.value));
    for (name, expr) in cached.freshness.constants().into_iter().chain(version) {
        let names = variables(expr.to_token_stream());
        if let Some(found) = names.iter().find(|ident| cached.function.binds(ident)) {
            let message = format!(
                "`{name}` is the same for all calls and can't name `{found}`; write a \
                constant"
            );
            diagnostics.error(found, message);
        } else if let Some(found) = find_ident(expr.to_token_stream(), |ident| ident == "Self") {
            let message = format!("`{name}` can't name `Self`; write the type's name");
            diagnostics.error(found, message);
        }
    }
}

/// The second attribute would cache what the first one has cached.
fn check_is_cached_once(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(second) = cached.function.attribute("cached") {
        let tokens: TokenStream = second.to_token_stream();
        diagnostics.error(tokens, "a function is cached once; keep one `#[cached]`");
    }
}
