//! One key to be invalidated, and the barrier around its write.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::background;
use crate::cache::Cache;
use crate::entry_ref::{Filling, Kept};
use crate::error::{Error, ErrorKind, Result};
use crate::flight;
use crate::key::Key;
use crate::maintenance;
use crate::remote::barrier::{Entering, Place};
use crate::remote::cell::VALUE_PREFIX;
use crate::remote::pending::Telling as Counted;
use crate::remote::tier::Tier;

/// One key of one cache.
pub(crate) struct Target {
    cache: Cache,
    key: Key,
    barrier: Option<Barrier>,
    filling: Option<Filling>,
}

/// A barrier around the write of a key. Dropped, it ends in this process at once, and in the remote
/// tier with its hold.
struct Barrier {
    /// Whether it stays for its hold: the write may still be on its way.
    lingers: bool,
    /// The place in the remote tier, if there is one.
    remote: Option<Place>,
    local: flight::Barrier,
}

/// How far an invalidation has come.
pub(crate) enum Begun {
    /// There is no remote tier.
    Done,
    /// The remote tier is being told.
    Telling(JoinHandle<Result<()>>),
    /// There is no runtime to tell it on.
    Owed,
}

impl Begun {
    /// Waits until the remote tier has been told.
    pub(crate) async fn told(self) -> Result<()> {
        let untold = || {
            let reason = "no runtime is there to tell the remote tier";
            Err(Error::new(ErrorKind::Unavailable, reason))
        };
        match self {
            Self::Done => Ok(()),
            Self::Telling(task) => task.await.unwrap_or_else(|_| untold()),
            Self::Owed => untold(),
        }
    }
}

impl Target {
    pub(crate) fn new(cache: &Cache, key: Key) -> Self {
        Self { cache: cache.clone(), key, barrier: None, filling: None }
    }

    /// Puts up the barrier in this process, and begins to in the remote tier, if there is one.
    pub(super) fn enter(&mut self) -> Option<Entering> {
        let local = self.cache.enter_locally(&self.key);
        self.barrier = Some(Barrier { lingers: false, remote: None, local });
        let hold = self.cache.barrier_hold();
        self.cache.any_remote().map(|tier| tier.enter(&self.key, hold))
    }

    pub(super) fn entered(&mut self, place: Option<Place>) {
        if let Some(barrier) = &mut self.barrier {
            barrier.remote = place;
        }
    }

    pub(super) fn is_barred(&self) -> bool {
        self.barrier.is_some()
    }

    /// Lets `filling` take the place of its barrier, if nothing has overlapped that.
    pub(super) fn fill_with(&mut self, filling: Filling) {
        self.filling = Some(filling);
    }

    /// Forgets what was to take the place of its barrier.
    pub(crate) fn empty(&mut self) {
        self.filling = None;
    }

    /// Lets its barrier, if it has one, stay for its hold once it is told.
    pub(crate) fn linger(&mut self) {
        if let Some(barrier) = &mut self.barrier {
            barrier.lingers = true;
        }
    }

    pub(crate) async fn tell(self) -> Result<()> {
        self.begin().told().await
    }

    /// Tells the local tier, and begins to tell the remote one. The barrier comes down, at once or
    /// after its hold.
    pub(crate) fn begin(mut self) -> Begun {
        if let Some(barrier) = self.barrier.take_if(|barrier| barrier.lingers) {
            let later = Self { barrier: Some(barrier), ..Self::new(&self.cache, self.key.clone()) };
            background::start(Lingering::new(later).run());
        }
        if self.filling.is_none() {
            self.cache.invalidate_locally(&self.key);
        }
        let Some(tier) = self.cache.any_remote().cloned() else {
            if self.filling.is_some() {
                self.leave_locally(&Kept::Alone);
            }
            return Begun::Done;
        };
        let writer = self.barrier.as_ref().and_then(|barrier| barrier.remote.as_ref());
        let counted = tier.telling(&self.key, writer.map(Place::writer));
        let kept = Kept::Nowhere;
        let telling = Telling { _counted: counted, tier, target: self, told: false, kept };
        background::start(telling.run()).map_or(Begun::Owed, Begun::Telling)
    }

    /// The second local step: what began in between may have read the old value from the remote
    /// tier. The barrier comes down with it, and what was to take its place may do so where `kept`
    /// says so.
    fn leave_locally(&mut self, kept: &Kept) {
        match (self.barrier.take(), self.filling.take()) {
            (Some(barrier), Some(filling)) => {
                filling.store(&self.cache, &self.key, barrier.local, kept);
            }
            _ => self.cache.invalidate_locally(&self.key),
        }
    }

    /// What is to take the place of the barrier in the remote tier, and for how long.
    fn cell(&self) -> Option<(Bytes, u64)> {
        let is_certain = self.barrier.as_ref()?.remote.as_ref()?.is_certain();
        self.filling.as_ref().filter(|_| is_certain)?.cell()
    }

    /// Its place in the remote tier's barrier, which nothing extends any more.
    fn writer(&mut self) -> Option<u64> {
        let place = self.barrier.as_mut()?.remote.as_mut()?;
        place.rest();
        Some(place.writer())
    }
}

/// A barrier that stays for its hold. Dropped before, with its runtime, it does all the same.
struct Lingering {
    target: Option<Target>,
    end: Instant,
}

impl Lingering {
    fn new(target: Target) -> Self {
        Self { end: Instant::now() + target.cache.barrier_hold(), target: Some(target) }
    }

    /// Takes the barrier down once its hold has passed.
    async fn run(mut self) {
        let Some(target) = &mut self.target else { return };
        if let Some(barrier) = &mut target.barrier {
            barrier.lingers = false;
            if let Some(place) = &mut barrier.remote {
                place.stay_once().await;
            }
        }
        sleep(target.cache.barrier_hold()).await;
        if let Some(target) = self.target.take() {
            let _ = target.tell().await;
        }
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let barrier = self.target.take().and_then(|target| target.barrier);
        if let Some(Barrier { local, .. }) = barrier {
            maintenance::hold(local, self.end);
        }
    }
}

/// Telling the remote tier. Dropped before the answer, with its runtime, it is owed.
struct Telling {
    tier: Arc<Tier>,
    target: Target,
    told: bool,
    /// What has become of the value that was to take the barrier's place.
    kept: Kept,
    _counted: Counted,
}

impl Telling {
    async fn run(mut self) -> Result<()> {
        let key = self.target.key.clone();
        let told = match (self.target.writer(), self.target.cell()) {
            (Some(writer), Some(cell)) => self.leave_filled(&key, writer, cell).await,
            (Some(writer), None) => self.tier.leave(&key, writer).await,
            (None, _) => self.tier.invalidate(&key).await,
        };
        self.told = true;
        told
    }

    async fn leave_filled(&mut self, key: &Key, writer: u64, cell: (Bytes, u64)) -> Result<()> {
        let prefix = cell.0.slice(..VALUE_PREFIX);
        match self.tier.leave_filled(key, writer, cell).await {
            Ok(true) => self.kept = Kept::Shared(prefix),
            Ok(false) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if !self.told {
            match self.target.writer() {
                Some(writer) => self.tier.owe_leave(&self.target.key, writer),
                None => self.tier.owe(&self.target.key),
            }
        }
        self.target.leave_locally(&self.kept);
    }
}
