//! The right to load a key for the whole fleet, for a while.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::tier::Tier;
use crate::background;

/// However short the lease, it is not extended more often.
const SHORTEST: Duration = Duration::from_millis(10);

/// A lease on a key. Dropped, it is given back, whatever ended the load.
pub(crate) struct Lease {
    tier: Arc<Tier>,
    name: String,
    token: Bytes,
    life: Duration,
    /// Whether it may stand in the remote tier.
    held: bool,
}

impl Lease {
    /// A lease that is about to be asked for.
    pub(super) fn new(tier: &Arc<Tier>, name: &str, token: Bytes, life: Duration) -> Self {
        Self { tier: tier.clone(), name: name.to_owned(), token, life, held: true }
    }

    pub(super) fn token(&self) -> Bytes {
        self.token.clone()
    }

    /// Forgets the lease: it doesn't stand in the remote tier, or no longer.
    pub(super) fn forget(mut self) {
        self.held = false;
    }

    /// Lets the lease end in `time`, whatever becomes of its owner.
    pub(super) async fn end_in(mut self, time: Duration) {
        self.held = false;
        let extend = self.tier.backend.extend(&self.name, self.token.clone(), time);
        // It ends by itself if this fails.
        let _ = self.tier.call(&mut self.tier.budget(), extend).await;
    }

    /// What lets the lease live for as long as it is polled, up to `limit`.
    pub(crate) fn keeping(&self, limit: Duration) -> Keeping {
        let Self { tier, name, token, life, .. } = self;
        let (tier, name, token, life) = (tier.clone(), name.clone(), token.clone(), *life);
        Box::pin(async move { keep(&tier, &name, &token, life, limit).await })
    }

    /// Runs `step`, and lets `lease` live for as long, if there is one, up to `limit`.
    pub(crate) async fn keep_while<F: Future>(
        lease: Option<&Self>,
        step: F,
        limit: Duration,
    ) -> F::Output {
        let mut step = pin!(step);
        let mut keeping = lease.map(|lease| lease.keeping(limit));
        poll_fn(|context| {
            let polled = step.as_mut().poll(context);
            if let (Poll::Pending, Some(keeping)) = (&polled, &mut keeping) {
                let _ = keeping.as_mut().poll(context);
            }
            polled
        })
        .await
    }
}

/// See [`Lease::keeping`].
pub(crate) type Keeping = Pin<Box<dyn Future<Output = Infallible> + Send>>;

/// Extends a lease at each third of its life.
async fn keep(
    tier: &Tier,
    name: &str,
    token: &Bytes,
    life: Duration,
    limit: Duration,
) -> Infallible {
    let began = Instant::now();
    loop {
        sleep((life / 3).max(SHORTEST)).await;
        let extend = tier.backend.extend(name, token.clone(), life);
        let extended = tier.call(&mut tier.budget(), extend).await;
        if let Ok(false) = extended {
            return pending().await; // somebody has invalidated the key, or taken over
        }
        if began.elapsed() >= limit {
            return pending().await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        let tier = self.tier.clone();
        let name = std::mem::take(&mut self.name);
        let token = std::mem::take(&mut self.token);
        background::start(async move {
            // It ends by itself if this fails.
            let _ = tier.call(&mut tier.budget(), tier.backend.release(&name, token)).await;
        });
    }
}
