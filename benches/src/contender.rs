//! Something that gets users, under a name, whatever its type.

use std::borrow::Borrow;
use std::future::Future;
use std::pin::Pin;

use crate::workload::{LoadError, User};

/// A question, and whether it got an answer.
pub type Asking = Pin<Box<dyn Future<Output = bool> + Send>>;

type Ask = dyn Fn(u64) -> Asking + Send + Sync;

/// A way to get a user by id. It is never freed, so that many tasks can ask without counting who holds it.
#[derive(Clone, Copy)]
pub struct Contender {
    /// What it is.
    pub name: &'static str,
    ask: &'static Ask,
}

impl Contender {
    /// Wraps a function that returns a result.
    pub fn new<U, E, F>(name: &'static str, get: impl Fn(u64) -> F + Send + Sync + 'static) -> Self
    where
        U: Borrow<User>,
        F: Future<Output = Result<U, E>> + Send + 'static,
    {
        let get = &*Box::leak(Box::new(get));
        let ask = move |id| -> Asking {
            // Called inside, since a future that is awaited and came from outside is held twice.
            Box::pin(async move { get(id).await.is_ok_and(|user| user.borrow().id == id) })
        };
        Self { name, ask: Box::leak(Box::new(ask)) }
    }

    /// Wraps a function that leaves the value encoded.
    pub fn opaque<E, F>(name: &'static str, get: impl Fn(u64) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Vec<u8>, E>> + Send + 'static,
    {
        let ask = move |id| -> Asking {
            let bytes = get(id);
            Box::pin(async move { bytes.await.is_ok_and(|bytes| !bytes.is_empty()) })
        };
        Self { name, ask: Box::leak(Box::new(ask)) }
    }

    /// Asks for a user; whether it came.
    pub async fn ask(&self, id: u64) -> bool {
        self.asking(id).await
    }

    /// As [`ask`](Self::ask), to be polled by hand.
    pub fn asking(&self, id: u64) -> Asking {
        (self.ask)(id)
    }
}

/// An error of a peer, or a value it could not give.
pub fn failed(reason: impl std::fmt::Debug) -> LoadError {
    LoadError(format!("{reason:?}"))
}
