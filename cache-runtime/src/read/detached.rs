//! A load that belongs to the key and not to its caller.

use std::future::Future;

use tokio::time::timeout;

use super::settings::HardTimeout;
use super::{Call, Way};
use crate::background::Detached;
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
            let limit = self.entry.cache.max_load();
            match self.way().await {
                Way::Served(returned) => returned,
                Way::Uncached => Box::pin(self.pass(body)).await,
                Way::Load(turn) => Detached::new(limit, Box::pin(self.run(turn, body))).await,
                Way::Replace(replacing) => Box::pin(self.replace_there(replacing, body)).await,
                Way::Renew => Detached::new(limit, Box::pin(self.renew(body))).await,
            }
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
        let limit = self.entry.cache.max_load();
        let load = async move {
            match self.way().await {
                Way::Served(returned) => returned,
                Way::Uncached => self.pass(body).await,
                Way::Load(turn) => self.run(turn, body).await,
                Way::Replace(replacing) => self.replace_there(replacing, body).await,
                Way::Renew => self.renew(body).await,
            }
        };
        let mut load = Detached::new(limit, Box::pin(load));
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
