//! The one switch between what the standard library shares between threads and what the model
//! checker does.

use std::sync::PoisonError;

#[cfg(not(shuttle))]
pub(crate) use std::sync::MutexGuard;

#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(shuttle))]
pub(crate) use std::thread_local;

#[cfg(shuttle)]
pub(crate) use shuttle::sync::MutexGuard;
#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
#[cfg(shuttle)]
pub(crate) use shuttle::thread_local;

#[cfg(not(shuttle))]
use std::sync::Mutex as Inner;

#[cfg(shuttle)]
use shuttle::sync::Mutex as Inner;

/// A lock whose data stays usable after a panic: no critical section of ours runs user code that
/// could leave it half done.
#[derive(Default)]
pub(crate) struct Mutex<T>(Inner<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(data: T) -> Self {
        Self(Inner::new(data))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
