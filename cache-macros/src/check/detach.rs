//! Rules of loads that outlive their callers.

use quote::ToTokens;
use syn::{Receiver, ReceiverKind, Type};

use crate::diagnostics::Diagnostics;
use crate::function::Argument;
use crate::function::tokens::may_borrow;
use crate::model::{Cached, Place};

pub(super) fn check(cached: &Cached, diagnostics: &mut Diagnostics) {
    check_background_is_detached(cached, diagnostics);
    check_detached_is_not_boxed(cached, diagnostics);
    check_detached_can_be_cloned(cached, diagnostics);
}

/// Nobody waits for what runs in the background.
fn check_background_is_detached(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(detach) = cached.detach.as_ref().filter(|detach| !detach.on)
        && let Some(name) = cached.freshness.in_background()
    {
        let message = format!(
            "`{name}` loads in the background, which `detach = false` forbids; remove one of them",
        );
        diagnostics.error(&detach.name, message);
    }
}

/// What `#[async_trait]` makes borrows from its caller.
fn check_detached_is_not_boxed(cached: &Cached, diagnostics: &mut Diagnostics) {
    if let Some(name) = cached.detaching().filter(|_| cached.function.is_boxed()) {
        let reason = reason(cached);
        let message = format!(
            "{reason}, but the boxed future of `#[async_trait]` ends with it; leave `{name}` out"
        );
        diagnostics.error(name, message);
    }
}

/// The load outlives the call, so that it needs its own copy of what the call borrows.
fn check_detached_can_be_cloned(cached: &Cached, diagnostics: &mut Diagnostics) {
    let Some(name) = cached.detaching().filter(|_| !cached.function.is_boxed()) else {
        return;
    };
    let reason = reason(cached);
    if let Some(receiver) = cached.function.receiver().filter(|receiver| !is_clonable(receiver)) {
        let message = format!(
            "{reason}, and can't borrow `self` for itself alone; take `&self`, or leave `{name}` out"
        );
        diagnostics.error(receiver, message);
    }
    let inside = matches!(cached.place, Place::Inside { .. });
    let is_kept = |argument: &&Argument| {
        let parts = inside && argument.destructured && argument.may_borrow();
        parts || !is_clonable_type(&argument.ty)
    };
    for argument in cached.function.arguments.iter().filter(is_kept) {
        let message = format!(
            "{reason}, and what this borrows can't be cloned for it; take it by value, or leave \
            `{name}` out",
        );
        diagnostics.error(&argument.ty, message);
    }
}

/// Why there is a load that outlives its caller.
fn reason(cached: &Cached) -> String {
    match cached.freshness.in_background() {
        Some(name) => format!("`{name}` loads in the background, after the call"),
        None => "a detached load outlives the call".to_owned(),
    }
}

fn is_clonable(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Value => true,
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => is_clonable_type(ty),
        _ => false,
    }
}

/// Owned, or a shared reference to what is owned.
pub(super) fn is_clonable_type(ty: &Type) -> bool {
    let owned = |ty: &Type| match ty {
        Type::ImplTrait(_) => true,
        ty => !may_borrow(ty.to_token_stream()),
    };
    match ty {
        Type::Reference(reference) => reference.mutability.is_none() && owned(&reference.elem),
        ty => owned(ty),
    }
}
