//! The remote half of a barrier: a writer's place in it, kept while the write is under way.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::random::random;
use super::tier::Tier;
use crate::background;
use crate::error::{ErrorKind, Result};
use crate::key::Key;

/// However short the hold, it is not extended more often.
const SHORTEST: Duration = Duration::from_millis(10);

/// A writer's place in the barrier of a key. Dropped, it is extended no more, and the barrier ends
/// with its hold.
pub(crate) struct Place {
    tier: Arc<Tier>,
    key: Key,
    writer: u64,
    hold: Duration,
    keeper: Option<AbortHandle>,
    /// Whether it was had before the write began. One that was asked for in vain may be had later,
    /// and knows nothing of who came between.
    is_certain: bool,
}

/// A place that is being asked for. Dropped, the place is left as soon as it is had.
pub(crate) struct Entering(Option<oneshot::Receiver<Place>>);

impl Entering {
    /// The place; `None` where the write goes on without.
    ///
    /// # Cancel safety
    ///
    /// Dropping it is dropping the place.
    pub(crate) async fn place(&mut self) -> Option<Place> {
        self.0.as_mut()?.await.ok()
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        let Some(place_of) = &mut self.0 else { return };
        place_of.close();
        if let Ok(place) = place_of.try_recv() {
            background::start(place.leave());
        }
    }
}

impl Tier {
    /// Begins to enter the barrier of `key`. Where that can't be, it is counted.
    pub(crate) fn enter(self: &Arc<Self>, key: &Key, hold: Duration) -> Entering {
        if self.owes(key) {
            // Nothing of this key is told before what is owed.
            self.count_missed_barrier();
            return Entering(None);
        }
        let (tier, key, writer) = (self.clone(), key.clone(), random());
        let place = Place { tier, key, writer, hold, keeper: None, is_certain: false };
        let (give, place_of) = oneshot::channel();
        let begun = background::start(async move {
            let place = place.enter().await;
            if let Err(place) = give.send(place) {
                place.leave().await;
            }
        });
        if begun.is_none() {
            self.count_missed_barrier();
        }
        Entering(begun.map(|_| place_of))
    }

    /// Takes `writer` out of the barrier of `key`, and removes what else stands there. If that
    /// fails, it is owed.
    pub(crate) async fn leave(self: &Arc<Self>, key: &Key, writer: u64) -> Result<()> {
        let name = self.name(key);
        match self.call(&mut self.budget(), self.backend.leave(&name, writer)).await {
            Err(error) if error.kind() != ErrorKind::Foreign => {
                self.owe_leave(key, writer);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// As [`leave`](Self::leave); if nobody overlapped `writer`, `cell` takes the barrier's place for
    /// `ttl` milliseconds. Answers whether it does.
    pub(crate) async fn leave_filled(
        self: &Arc<Self>,
        key: &Key,
        writer: u64,
        (cell, ttl): (Bytes, u64),
    ) -> Result<bool> {
        let name = self.name(key);
        let ttl = Duration::from_millis(ttl);
        let left = self.backend.leave_filled(&name, writer, cell, ttl);
        match self.call(&mut self.budget(), left).await {
            Err(error) if error.kind() != ErrorKind::Foreign => {
                self.owe_leave(key, writer);
                Err(error)
            }
            answer => Ok(answer.unwrap_or(false)),
        }
    }

    fn count_missed_barrier(&self) {
        self.barriers_missed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Place {
    pub(crate) fn writer(&self) -> u64 {
        self.writer
    }

    pub(crate) fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// Enters, and is kept from then on. A request without an answer may have come through: it is
    /// left like any other.
    async fn enter(mut self) -> Self {
        let (tier, name) = (&self.tier, self.tier.name(&self.key));
        let enter = tier.backend.enter(&name, self.writer, self.hold);
        match tier.call(&mut tier.budget(), enter).await {
            Ok(()) => {
                let (tier, writer, hold) = (tier.clone(), self.writer, self.hold);
                let keeper = background::start(keep(tier, name, writer, hold));
                self.keeper = keeper.map(|task| task.abort_handle());
                self.is_certain = true;
            }
            Err(_) => tier.count_missed_barrier(),
        }
        self
    }

    /// Leaves before the write has begun.
    async fn leave(mut self) {
        self.rest();
        // If it fails, it is owed.
        let _ = self.tier.leave(&self.key, self.writer).await;
    }

    /// Is extended no more.
    pub(crate) fn rest(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
        }
    }

    /// Stays for one more hold, and is extended no more.
    pub(crate) async fn stay_once(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
            let (tier, name) = (&self.tier, self.tier.name(&self.key));
            let stay = tier.backend.stay(&name, self.writer, self.hold);
            // If it fails, the barrier ends earlier.
            let _ = tier.call(&mut tier.budget(), stay).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.rest();
    }
}

/// Extends the hold at each third, until the barrier is lost.
///
/// A lost one is not put up again: the new one would not know who overlapped in the old one.
async fn keep(tier: Arc<Tier>, name: String, writer: u64, hold: Duration) {
    loop {
        sleep((hold / 3).max(SHORTEST)).await;
        let stay = tier.backend.stay(&name, writer, hold);
        if let Ok(false) = tier.call(&mut tier.budget(), stay).await {
            return tier.count_missed_barrier();
        }
    }
}
