//! What writers, invalidators and refreshers do.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cache_runtime::invalidates;
use tokio::time::sleep;

use crate::clock::{millis, now};
use crate::items::{self, locked, plain};
use crate::judge::Judge;
use crate::place::Place;
use crate::random::Random;
use crate::register::{Floor, Register};
use crate::worker::Counts;

/// A function that invalidates and took no longer has reached a Redis that is well.
const PROMPT: u64 = millis(100);

/// How long all must be well before what couldn't be told is believed to have been.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) place: Place,
    pub(crate) judge: Arc<Judge>,
    pub(crate) counts: Arc<Counts>,
}

#[invalidates(key = "item:<id>")]
async fn write(register: &Register, id: u64) -> u64 {
    let held = register.hold(id).await;
    register.commit(id, &held)
}

impl Writer {
    /// Writes, for ever.
    pub(crate) async fn run(self, mut random: Random) {
        loop {
            sleep(random.millis(0, 80)).await;
            let key = self.place.to_write(&mut random);
            let roles = if self.place.reads(key) { 10 } else { 7 };
            self.act(key, random.below(roles)).await;
        }
    }

    async fn act(&self, key: u64, role: u64) {
        match role {
            0..3 => self.write(key).await,
            3..6 => self.commit_and_invalidate(key).await,
            6 => self.invalidate(key).await,
            7 => self.put(key).await,
            8 => drop(plain::refresh(key).await),
            _ => drop(locked::refresh(key).await),
        }
    }

    fn register(&self) -> &Register {
        &self.judge.register
    }

    /// By a function that invalidates: it doesn't say whether Redis was told.
    async fn write(&self, key: u64) {
        let begun = now();
        let calm = self.judge.is_calm_now(begun);
        let version = write(self.register(), key).await;
        let end = now();
        let has_reached = calm && end - begun < PROMPT && self.judge.is_calm_now(end);
        self.returned(key, version, has_reached);
        if has_reached {
            self.told(key, version);
        }
    }

    async fn commit_and_invalidate(&self, key: u64) {
        let held = self.register().hold(key).await;
        self.register().commit(key, &held);
        drop(held);
        self.invalidate(key).await;
    }

    async fn invalidate(&self, key: u64) {
        let version = self.register().version(key);
        let told = plain::entry(&key).invalidate().await;
        self.returned(key, version, told.is_ok());
        match told {
            Ok(()) => self.told(key, version),
            Err(_) => drop(tokio::spawn(self.clone().tell_later(key, version))),
        }
    }

    /// The value is the newest while nobody else may write.
    async fn put(&self, key: u64) {
        let held = self.register().hold(key).await;
        self.register().commit(key, &held);
        let item = items::load(key).await;
        let _ = plain::entry(&key).put(item).await;
    }

    fn returned(&self, key: u64, version: u64, has_reached: bool) {
        self.judge.returned_here(key, version, has_reached);
        self.counts.invalidations.fetch_add(1, Relaxed);
    }

    fn told(&self, key: u64, version: u64) {
        self.register().tell(key, version, Floor::Returned);
        self.counts.told.fetch_add(1, Relaxed);
    }

    /// An invalidation that failed is owed to Redis, and paid once all is well.
    async fn tell_later(self, key: u64, version: u64) {
        let mut calm = false;
        while !calm {
            sleep(PATIENCE).await;
            calm = self.judge.is_calm_now(now());
        }
        self.told(key, version);
    }
}
