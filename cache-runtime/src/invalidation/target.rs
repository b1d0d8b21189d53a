//! One key to be invalidated, and the barrier around its write.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::background;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::flight;
use crate::key::Key;
use crate::remote::barrier::{Entering, Place};
use crate::remote::pending::Telling as Counted;
use crate::remote::tier::Tier;

/// One key of one cache.
pub(crate) struct Target {
    cache: Cache,
    key: Key,
    barrier: Option<Barrier>,
}

/// A barrier around the write of a key. Dropped, it ends in this process at once, and in the remote
/// tier with its hold.
struct Barrier {
    /// Whether it stays for its hold: the write may still be on its way.
    lingers: bool,
    /// The place in the remote tier, if there is one.
    remote: Option<Place>,
    _local: flight::Barrier,
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
        Self { cache: cache.clone(), key, barrier: None }
    }

    /// Puts up the barrier in this process, and begins to in the remote tier, if there is one.
    pub(super) fn enter(&mut self) -> Option<Entering> {
        let local = self.cache.enter_locally(&self.key);
        self.barrier = Some(Barrier { lingers: false, remote: None, _local: local });
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
            background::start(later.lingering());
        }
        self.cache.invalidate_locally(&self.key);
        let Some(tier) = self.cache.any_remote().cloned() else {
            return Begun::Done;
        };
        let telling = Telling { _counted: tier.telling(), tier, target: self, told: false };
        background::start(telling.run()).map_or(Begun::Owed, Begun::Telling)
    }

    /// Takes the barrier down once its hold has passed.
    async fn lingering(mut self) {
        if let Some(barrier) = &mut self.barrier {
            barrier.lingers = false;
            if let Some(place) = &mut barrier.remote {
                place.stay_once().await;
            }
        }
        sleep(self.cache.barrier_hold()).await;
        let _ = self.tell().await;
    }

    /// Its place in the remote tier's barrier, which nothing extends any more.
    fn writer(&mut self) -> Option<u64> {
        let place = self.barrier.as_mut()?.remote.as_mut()?;
        place.rest();
        Some(place.writer())
    }
}

/// Telling the remote tier. Dropped before the answer, with its runtime, it is owed.
struct Telling {
    tier: Arc<Tier>,
    target: Target,
    told: bool,
    _counted: Counted,
}

impl Telling {
    async fn run(mut self) -> Result<()> {
        let told = match self.target.writer() {
            Some(writer) => self.tier.leave(&self.target.key, writer).await,
            None => self.tier.invalidate(&self.target.key).await,
        };
        self.told = true;
        told
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
        // What began in between may have read the old value from the remote tier. The barrier in
        // this process comes down right after this.
        self.target.cache.invalidate_locally(&self.target.key);
    }
}
