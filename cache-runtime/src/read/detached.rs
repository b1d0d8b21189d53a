//! A load that belongs to the key and not to its caller.

use std::future::Future;

use tokio::time::timeout;

use super::settings::HardTimeout;
use super::{Call, Way};
use crate::background::{Detached, Leave};
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
        // As in `through`, which would hold both once more if it were awaited here.
        async move {
            if let Some(limit) = self.settings.hard_timeout() {
                return Box::pin(self.within(limit, body)).await;
            }
            match Box::pin(self.way()).await {
                Way::Served(returned) => returned,
                way => Box::pin(self.go_detached(way, body, true)).await,
            }
        }
    }

    /// Whether a load goes on when its caller leaves is up to `leaves`.
    fn through<F>(mut self, body: F, leaves: bool) -> impl Future<Output = S::Return>
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        async move {
            match Box::pin(self.way()).await {
                Way::Served(returned) => returned,
                way => Box::pin(self.go_detached(way, body, leaves)).await,
            }
        }
    }

    async fn go_detached<F>(self, way: Way<S::Return>, body: F, leaves: bool) -> S::Return
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        match way {
            Way::Served(returned) => returned,
            Way::Uncached => self.pass(body).await,
            Way::Load(turn) => {
                let leave = self.leave(leaves);
                Detached::new(leave, Box::pin(self.run(*turn, body))).await
            }
            Way::Replace(replacing) => self.replace_there(*replacing, body).await,
            Way::Renew => {
                let leave = self.leave(leaves);
                Detached::new(leave, Box::pin(self.renew(body))).await
            }
        }
    }

    fn leave(&self, leaves: bool) -> Option<Leave> {
        if leaves { Leave::after(self.entry.cache.max_load()) } else { None }
    }

    /// As [`detached`](Self::detached), and ends in an error when the caller has waited too long.
    /// If the load is up to this call then, it goes on.
    async fn within<F>(self, limit: HardTimeout<S>, body: F) -> S::Return
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        let HardTimeout { after, failed, stage } = limit;
        // It goes on as a whole, and not its load once more.
        let leave = self.leave(true);
        let mut load = Detached::new(leave, Box::pin(self.through(body, false)));
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
