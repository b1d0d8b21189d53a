//! A load that belongs to the key and not to its caller.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::settings::Stage;
use super::{Call, Read, Work};
use crate::background::{Boxed, Detached, Leave};
use crate::returns::Shape;
use crate::timeout::Timeout;

impl Read {
    pub(super) fn leave(&self) -> Option<Leave> {
        Leave::after(self.entry.cache.max_load())
    }
}

// These are no `async fn`s, which hold their arguments twice.
#[allow(clippy::manual_async_fn, reason = "see above")]
impl<S: Shape> Call<S> {
    /// As [`load`](Self::load); the load belongs to the key and not to its caller.
    ///
    /// # Cancel safety
    ///
    /// Once `body` has begun, dropping this leaves it to the runtime, and its value is stored.
    pub fn detached<F>(self, body: F) -> impl Future<Output = S::Return>
    where
        S: 'static,
        F: Future<Output = S::Return>,
        F: Send + 'static, // the load may outlive its caller; `detach = false` lifts this
        S::Return: Send,   // as above
    {
        async move {
            let way = self.read.way(self.mode).await;
            let load = match Self::served(way, self.read.entry.version()) {
                Ok(returned) => return returned,
                Err(way) => Work::of(way, self.read, self.given).detached(Box::pin(body), true),
            };
            // Apart, so that what was looked at is not held meanwhile.
            load.await
        }
    }

    /// The same; it ends with its caller.
    async fn attached(self, body: Boxed<S::Return>) -> S::Return
    where
        S: 'static,
        S::Return: Send,
    {
        let way = self.read.way(self.mode).await;
        let load = match Self::served(way, self.read.entry.version()) {
            Ok(returned) => return returned,
            Err(way) => Work::of(way, self.read, self.given).detached(body, false),
        };
        load.await
    }
}

impl<S: Shape> Work<S> {
    /// Whether it goes on when its caller leaves is up to `leaves`.
    fn detached(self, body: Boxed<S::Return>, leaves: bool) -> Boxed<S::Return>
    where
        S: 'static,
        S::Return: Send,
    {
        match self {
            Self::Load(load, given) => {
                let leave = if leaves { load.leave() } else { None };
                let run = Box::pin(async move { Call::<S>::run(load, &given, body).await });
                Box::pin(Detached::new(leave, run))
            }
            Self::Replace(replacer) => Box::pin(replacer.there(body)),
        }
    }
}

/// A call that ends in an error when its caller has waited too long with nothing at hand.
pub struct Limited<S: Shape> {
    pub(super) call: Call<S>,
    pub(super) after: Duration,
    pub(super) failed: fn(Timeout) -> S::Return,
}

#[allow(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
impl<S: Shape> Limited<S> {
    /// As [`Call::detached`]. If the load is up to this call when its time is over, it goes on.
    pub fn detached<F>(self, body: F) -> impl Future<Output = S::Return>
    where
        S: 'static,
        F: Future<Output = S::Return>,
        F: Send + 'static, // the load may outlive its caller; `detach = false` lifts this
        S::Return: Send,   // as above
    {
        async move { self.within(Box::pin(body)).await }
    }

    async fn within(self, body: Boxed<S::Return>) -> S::Return
    where
        S: 'static,
        S::Return: Send,
    {
        let Self { mut call, after, failed } = self;
        let stage = Arc::new(Stage::default());
        call.read.stage = Some(stage.clone());
        // It goes on as a whole, and not its load once more.
        let load = Detached::new(call.read.leave(), Box::pin(call.attached(body)));
        let mut upheld = Upheld { load, stage };
        if let Ok(returned) = timeout(after, &mut upheld.load).await {
            return returned;
        }
        if upheld.stage.has_at_hand() {
            return (&mut upheld.load).await;
        }
        failed(Timeout::new(after))
    }
}

/// A call that goes on when its caller leaves, unless it only waits for another one's load.
struct Upheld<T: 'static> {
    load: Detached<T>,
    stage: Arc<Stage>,
}

impl<T> Drop for Upheld<T> {
    fn drop(&mut self) {
        if !self.stage.leads() && !self.stage.has_at_hand() {
            self.load.cancel();
        }
    }
}
