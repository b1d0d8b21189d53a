//! A load that belongs to the key and not to its caller.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use super::settings::HardTimeout;
use super::{Call, Way};
use crate::background::Detached;
use crate::cache;
use crate::manner::Manner;
use crate::returns::Shape;
use crate::timeout::Timeout;

// These are no `async fn`s, which hold their arguments twice.
#[allow(clippy::manual_async_fn, reason = "see above")]
impl<S: Shape> Call<S> {
    /// As [`load`](Self::load); the load belongs to the key and not to its caller.
    ///
    /// # Cancel safety
    ///
    /// Once `body` has begun, dropping this leaves it to the runtime, and its value is stored.
    pub fn detached<F>(mut self, body: F) -> impl Future<Output = S::Return>
    where
        S: 'static,
        F: Future<Output = S::Return>,
        F: Send + 'static, // the load may outlive its caller; `detach = false` lifts this
        S::Return: Send,   // as above
    {
        async move {
            if let Some(limit) = self.settings.hard_timeout() {
                return Box::pin(self.within(limit, body)).await;
            }
            match Box::pin(self.way()).await {
                Way::Served(returned) => returned,
                way => Box::pin(self.go_detached(way, body)).await,
            }
        }
    }

    async fn go_detached<F>(self, way: Way<S::Return>, body: F) -> S::Return
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        let limit = self.entry.cache.max_load();
        match way {
            Way::Served(returned) => returned,
            Way::Uncached => self.pass(body).await,
            Way::Load(turn) => detached(limit, self.run(*turn, body)).await,
            Way::Replace(replacing) => Box::pin(self.replace_there(*replacing, body)).await,
            Way::Renew => detached(limit, self.renew(body)).await,
        }
    }

    /// As [`detached`](Self::detached), and ends in an error when the caller has waited too long.
    /// If the load is up to this call then, it goes on.
    async fn within<F>(mut self, limit: HardTimeout<S>, body: F) -> S::Return
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        let HardTimeout { after, failed, stage } = limit;
        let mut load = detached(self.entry.cache.max_load(), async move {
            match self.way().await {
                Way::Served(returned) => returned,
                Way::Uncached => self.pass(body).await,
                Way::Load(turn) => self.run(*turn, body).await,
                Way::Replace(replacing) => self.replace_there(*replacing, body).await,
                Way::Renew => self.renew(body).await,
            }
        });
        if let Ok(returned) = timeout(after, &mut load).await {
            return returned;
        }
        if stage.has_at_hand() {
            return load.await;
        }
        if !stage.leads() {
            load.cancel();
        }
        failed(Timeout::new(after))
    }
}

/// Runs `load` in place, and on the runtime once its caller is gone, in the same scope.
pub(super) fn detached<T: 'static>(
    limit: Duration,
    load: impl Future<Output = T> + Send + 'static,
) -> Detached<T> {
    let mut load: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(load);
    if let Some(manner) = Manner::current() {
        load = Box::pin(manner.within(load));
    }
    if let Some(cache) = cache::scoped() {
        load = Box::pin(async move { cache.scope(load).await });
    }
    Detached::new(load, limit)
}
