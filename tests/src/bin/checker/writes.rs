//! What writers, invalidators and refreshers do.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cache_runtime::{Cache, deferred, invalidates, write_through};
use rustix::process::{Signal, getpid, kill_process};
use tokio::time::sleep;

use crate::clock::now;
use crate::items::{self, Item, locked, plain};
use crate::judge::Judge;
use crate::place::Place;
use crate::random::Random;
use crate::register::{Floor, Register};
use crate::worker::Counts;

/// How long to wait until Redis has been told what it could not be told at once.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) place: Place,
    pub(crate) may_die: bool,
    pub(crate) judge: Arc<Judge>,
    pub(crate) counts: Arc<Counts>,
}

#[invalidates(key = "item:<id>")]
async fn write(register: &Register, id: u64) -> u64 {
    let held = register.hold(id).await;
    register.commit(id, &held)
}

/// A write behind a barrier.
#[derive(Clone, Copy)]
struct Around {
    begun: u64,
    /// How often there had been no barrier before.
    missed: u64,
    /// Right after the commit, as `kill -9` would have it.
    dies: bool,
    /// How long it goes on after the commit.
    lingers: Duration,
}

#[invalidates(key = "item:<id>", at = "around")]
async fn write_around(writer: Writer, id: u64, around: Around) -> u64 {
    behind_a_barrier(writer, id, around).await
}

#[write_through(entry = plain(id))]
async fn write_through(writer: Writer, id: u64, around: Around) -> Item {
    Item::new(id, behind_a_barrier(writer, id, around).await)
}

async fn behind_a_barrier(writer: Writer, id: u64, around: Around) -> u64 {
    let held = writer.register().hold(id).await;
    let version = writer.register().commit(id, &held);
    drop(held);
    writer.guarded(id, version, around);
    if around.dies {
        kill_process(getpid(), Signal::KILL).unwrap();
    }
    sleep(around.lingers).await;
    version
}

/// How often a write was to have a barrier and had none.
fn missed() -> u64 {
    Cache::global().stats().barriers_missed
}

impl Writer {
    /// Writes, for ever.
    pub(crate) async fn run(self, mut random: Random) {
        loop {
            sleep(random.millis(0, 80)).await;
            let key = Place::to_write(&mut random);
            let roles = if self.place.reads(key) { 17 } else { 14 };
            let role = random.below(roles);
            self.act(key, role, &mut random).await;
            if random.one_in(2) {
                // Just when the reader of the key is about to have it again.
                sleep(random.millis(0, 40)).await;
                self.commit_and_invalidate(key).await;
            }
        }
    }

    async fn act(&self, key: u64, role: u64, random: &mut Random) {
        match role {
            0..3 => self.write(key, write(self.register(), key)).await,
            3..6 => self.commit_and_invalidate(key).await,
            6 => self.invalidate(key).await,
            7 => {
                let later = deferred(write(self.register(), key));
                self.write(key, later).await;
            }
            8..11 => {
                let around = self.around(random);
                self.write(key, write_around(self.clone(), key, around)).await;
            }
            11..14 => {
                let through = write_through(self.clone(), key, self.around(random));
                self.write(key, async { through.await.version }).await;
            }
            14 => self.put(key).await,
            15 => drop(plain::refresh(key).await),
            _ => drop(locked::refresh(key).await),
        }
    }

    fn around(&self, random: &mut Random) -> Around {
        // For long enough, now and then, that nothing but the barrier tells others.
        let most = if random.one_in(6) { 600 } else { 3 };
        let lingers = random.millis(0, most);
        let dies = self.may_die && random.one_in(150);
        Around { lingers, begun: now(), missed: missed(), dies }
    }

    fn register(&self) -> &Register {
        &self.judge.register
    }

    /// By a function that invalidates: it doesn't say whether Redis was told.
    async fn write(&self, key: u64, write: impl Future<Output = u64>) {
        let version = write.await;
        self.returned(key, version, false);
        self.tell_once_settled(key, version).await;
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
            Err(_) => self.tell_once_settled(key, version).await,
        }
    }

    /// The value is the newest while nobody else may write.
    async fn put(&self, key: u64) {
        let held = self.register().hold(key).await;
        self.register().commit(key, &held);
        let item = items::load(key).await;
        let _ = plain::entry(&key).put(item).await;
    }

    /// What was committed behind a barrier is known to everybody at once, if all is well.
    fn guarded(&self, key: u64, version: u64, around: Around) {
        let had_barrier = missed() == around.missed;
        if had_barrier && self.judge.is_calm_now(around.begun) && self.judge.is_calm_now(now()) {
            self.register().tell(key, version, Floor::Guarded);
            self.counts.guarded.fetch_add(1, Relaxed);
        }
    }

    fn returned(&self, key: u64, version: u64, has_reached: bool) {
        self.judge.returned_here(key, version, has_reached);
        self.counts.invalidations.fetch_add(1, Relaxed);
    }

    fn told(&self, key: u64, version: u64) {
        self.register().tell(key, version, Floor::Returned);
        self.counts.told.fetch_add(1, Relaxed);
    }

    /// What hasn't reached Redis is owed to it, and can be waited for.
    async fn tell_once_settled(&self, key: u64, version: u64) {
        if Cache::global().shutdown(PATIENCE).await.is_ok() {
            self.told(key, version);
        }
    }
}
