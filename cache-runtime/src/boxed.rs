//! Futures in boxes, made where they are to lie.

use std::future::Future;
use std::pin::Pin;

/// Boxes the future that `make` makes.
///
/// `Box::pin` has a future made on the stack and copied, whole, with all the room it has for what it is
/// going to hold. Where the box is there first, nothing is copied.
#[inline]
pub(crate) fn boxed<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(Box::write(Box::new_uninit(), make()))
}
