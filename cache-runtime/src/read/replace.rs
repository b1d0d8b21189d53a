//! Loading a value in place of one that is served meanwhile.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::attempt::Attempt;
use super::{Call, Loading, Way};
use crate::background::{Detached, Leave};
use crate::flight::Flight;
use crate::remote::claim::Claim;
use crate::remote::lease::Lease;
use crate::remote::refresh::{Renewal, Right};
use crate::returns::{Kind, Shape};
use crate::stats::Event;

/// What is at hand, and the load that is to replace it.
pub(super) struct Replacing<T> {
    pub(super) at_hand: T,
    pub(super) is_stale: bool,
    /// Until when it may be served.
    pub(super) end: u64,
    /// How long the caller waits for the load.
    pub(super) patience: Option<Duration>,
    pub(super) load: Replacement,
}

/// The right to load a value in place of one that is served meanwhile.
pub(super) struct Replacement {
    pub(super) turn: Loading,
    pub(super) flight: Arc<Flight>,
    pub(super) attempt: Attempt,
}

impl<S: Shape> Call<S> {
    /// Takes what is at hand, after its patience, and leaves the load to the runtime.
    pub(super) async fn replace_there<F>(
        self,
        replacing: Replacing<S::Return>,
        body: F,
    ) -> S::Return
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        let Replacing { at_hand, is_stale, patience, load, .. } = replacing;
        self.settings.has_at_hand();
        let (site, cache) = (self.site, self.entry.cache.clone());
        let mut load =
            Detached::new(Leave::after(cache.max_load()), Box::pin(self.replace(load, body)));
        if let Some(patience) = patience
            && let Ok(Ok(returned)) = timeout(patience, &mut load).await
        {
            site.counters(&cache).add(Event::Miss);
            return returned;
        }
        site.counters(&cache).found(is_stale);
        at_hand
    }

    /// Loads in place, since it can't be left to the runtime; takes what is at hand if that fails.
    pub(super) async fn replace_here<F>(self, replacing: Replacing<S::Return>, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        let Replacing { at_hand, is_stale, end, load, .. } = replacing;
        let (site, cache) = (self.site, self.entry.cache.clone());
        let replaced = self.replace(load, body).await;
        let is_over = end <= cache.clock().now();
        match replaced {
            Ok(returned) => {
                site.counters(&cache).add(Event::Miss);
                returned
            }
            Err(Some(failed)) if is_over => {
                site.counters(&cache).add(Event::Miss);
                failed
            }
            Err(_) => {
                site.counters(&cache).found(is_stale);
                at_hand
            }
        }
    }

    /// Loads what is to replace a value, and stores it. Where there is no new one, what the function
    /// answered, if it was asked.
    async fn replace<F>(self, load: Replacement, body: F) -> Result<S::Return, Option<S::Return>>
    where
        F: Future<Output = S::Return>,
    {
        let Replacement { turn, flight, attempt } = load;
        let cache = self.entry.cache.clone();
        let right = match cache.remote(self.entry.policy) {
            Some(tier) => tier.refresh_right(&self.entry.key, self.entry.policy).await,
            None => Right::Unknown,
        };
        let renewal = match right {
            Right::Ours(renewal) => Some(renewal),
            Right::Unknown => None,
            Right::Elsewhere => {
                attempt.elsewhere();
                return Err(None);
            }
        };
        let load = self.replace_now(turn, &flight, body);
        let lease = renewal.as_ref().map(Renewal::lease);
        let replaced = Lease::keep_while(lease, load, cache.max_load()).await;
        if let Some(renewal) = renewal.filter(|_| replaced.is_err()) {
            // This process tries again no sooner than the fleet: its attempt ends after this.
            renewal.failed(cache.refresh_throttle()).await;
        }
        replaced
    }

    async fn replace_now<F>(
        self,
        turn: Loading,
        flight: &Arc<Flight>,
        body: F,
    ) -> Result<S::Return, Option<S::Return>>
    where
        F: Future<Output = S::Return>,
    {
        let returned = match Box::pin(self.look(turn, flight)).await.ok_or(None)? {
            // Under a barrier nothing can be stored: the next reader after the write loads. Nor is
            // anything loaded that may be older than what waits in a journal out of reach.
            Way::Load(turn) if self.may_replace(&turn).await => self.run(*turn, body).await,
            Way::Served(returned) => returned,
            Way::Load(_) | Way::Uncached | Way::Replace(_) | Way::Renew => return Err(None),
        };
        if S::Kind::stored(&returned).is_some() { Ok(returned) } else { Err(Some(returned)) }
    }

    async fn may_replace(&self, turn: &Loading) -> bool {
        let is_reached = !matches!(turn.claim, Claim::Unreachable(_));
        !matches!(turn.claim, Claim::Barred) && self.pending(is_reached).await.is_ok()
    }
}
