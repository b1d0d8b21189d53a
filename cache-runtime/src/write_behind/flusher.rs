//! The task that makes the writes of one function.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{Batch, WriteBehind};
use crate::background::{self, Boxed};
use crate::cache::{Cache, WeakCache};
use crate::error::{Error, ErrorKind, Result};
use crate::invalidation;
use crate::journal::{Claimed, Ending, Ready, Settled};
use crate::key::Key;
use crate::sync::Mutex;

/// How long the first pause is after a failure; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How often to look for what is due, at least and at most.
const SELDOM: Duration = Duration::from_millis(500);
const OFTEN: Duration = Duration::from_millis(10);

/// A task that gives no sign of life for so long may be on a runtime that nobody drives.
const STALLED: Duration = Duration::from_secs(5);

/// How often to look whether others have made what they hold.
const LOOK: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Flusher {
    wake: Notify,
    /// Whether there is enough for a batch, so that nothing has to be due.
    is_full: AtomicBool,
    /// Whether the last round could not ask the journal.
    is_cut_off: AtomicBool,
    task: Mutex<Task>,
}

/// The task that is at work, and when it gave a sign of life.
#[derive(Default)]
struct Task {
    number: u64,
    sign: Option<Instant>,
}

impl Flusher {
    /// Lets the task look at once if there is enough for a batch.
    pub(super) fn wake(&self, is_full: bool) {
        if is_full && !self.is_full.swap(true, Relaxed) {
            self.wake.notify_one();
        }
    }

    /// Begins a task, unless one is at work.
    pub(super) fn start(self: &Arc<Self>, cache: &Cache, function: &'static WriteBehind) {
        let mut task = self.task.lock();
        let patience = STALLED + cache.desk().hold();
        if task.sign.is_some_and(|sign| sign.elapsed() < patience) {
            return;
        }
        task.number += 1;
        task.sign = Some(Instant::now());
        let number = task.number;
        drop(task);
        let work = Work { flusher: self.clone(), cache: cache.downgrade(), function, number };
        background::start(work.run());
    }

    /// Whether `number` is still the task that is at work.
    fn goes_on(&self, number: u64) -> bool {
        let mut task = self.task.lock();
        let goes_on = task.number == number;
        if goes_on {
            task.sign = Some(Instant::now());
        }
        goes_on
    }
}

/// The task. If its runtime ends, the next call begins another one, or the next load.
struct Work {
    flusher: Arc<Flusher>,
    cache: WeakCache,
    function: &'static WriteBehind,
    number: u64,
}

impl Work {
    async fn run(self) {
        let pause = (self.function.every / 2).clamp(OFTEN, SELDOM);
        while self.flusher.goes_on(self.number) {
            let Some(cache) = self.cache.upgrade() else { return };
            let is_full = self.flusher.is_full.swap(false, Relaxed);
            let ready = if is_full { Ready::Fresh } else { Ready::Due };
            let round = round(&cache, self.function, ready).await;
            self.report(&cache, round.as_ref().err());
            let taken = round.map_or(0, |round| round.taken);
            drop(cache);
            if taken < self.function.claims() {
                let _ = timeout(pause, self.flusher.wake.notified()).await;
            }
        }
    }
}

impl Work {
    /// Once a change, not once a round.
    fn report(&self, cache: &Cache, failure: Option<&Error>) {
        if self.flusher.is_cut_off.swap(failure.is_some(), Relaxed) == failure.is_some() {
            return;
        }
        let (cache, function) = (cache.name(), self.function.name());
        match failure {
            Some(error) => {
                let error = error as &dyn std::error::Error;
                tracing::warn!(
                    cache,
                    function,
                    error,
                    "the journal is out of reach: what waits there is not made"
                );
            }
            None => tracing::info!(cache, function, "what waits in the journal is made again"),
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut task = self.flusher.task.lock();
        if task.number != self.number {
            return;
        }
        task.sign = None;
        drop(task);
        if let Some(cache) = self.cache.upgrade() {
            cache.desk().interrupted();
        }
    }
}

/// What became of a batch.
#[derive(Default)]
struct Round {
    taken: usize,
    failed: usize,
}

/// Makes a batch of what is `ready`.
///
/// What has failed before is tried alone: of a batch that fails, nobody knows which write is to
/// blame, and the others are not to be given up with it.
async fn round(cache: &Cache, function: &'static WriteBehind, ready: Ready) -> Result<Round> {
    let desk = cache.desk();
    desk.forget_older(cache, function.name()).await?;
    let claimed = desk.claim(function, ready).await?;
    let mut round = Round { taken: claimed.len(), failed: 0 };
    let (first, again): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|it| it.attempts == 1);
    let alone = again.into_iter().map(|one| vec![one]);
    for group in std::iter::once(first).chain(alone).filter(|group| !group.is_empty()) {
        let settled = make(cache, function, group).await;
        round.failed += settled.iter().filter(|it| it.ending != Ending::Written).count();
        let dead = settled.iter().filter(|it| matches!(it.ending, Ending::Dead(_)));
        let dead: Vec<_> = dead.map(|it| Key::from(it.key.as_str())).collect();
        // It may have been settled where the answer was lost.
        let settling = desk.settle(function.name(), settled).await;
        for key in dead {
            // What was cached was never written. If this fails, it is owed.
            let _ = invalidation::invalidate(cache, &key).await;
        }
        settling?;
    }
    Ok(round)
}

/// Makes the writes of `group`, and answers what became of each.
async fn make(cache: &Cache, function: &'static WriteBehind, group: Vec<Claimed>) -> Vec<Settled> {
    let places: Vec<_> =
        group.iter().map(|it| (it.key.clone(), it.sequence, it.attempts)).collect();
    let endings = endings(cache, function, Batch(group)).await;
    let settled = places.into_iter().zip(endings).map(|((key, sequence, attempts), ending)| {
        let ending = match ending {
            Ok(()) => Ending::Written,
            Err(reason) if attempts >= function.retries => {
                let (cache, function) = (cache.name(), function.name());
                tracing::error!(cache, function, key, reason, "a write was given up");
                Ending::Dead(reason)
            }
            Err(reason) => {
                let (cache, function) = (cache.name(), function.name());
                tracing::warn!(cache, function, key, attempts, reason, "a write failed");
                Ending::Again(pause(attempts))
            }
        };
        Settled { key, sequence, attempts, ending }
    });
    settled.collect()
}

/// How long to wait after so many attempts.
fn pause(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

/// Runs the function, in a task of its own that may panic, for as long as the writes are held.
async fn endings(
    cache: &Cache,
    function: &'static WriteBehind,
    batch: Batch,
) -> Vec<std::result::Result<(), String>> {
    let (writes, hold) = (batch.0.len(), cache.desk().hold());
    let flushing = (function.flush)(batch);
    let inside = cache.clone();
    let task: Boxed<_> = Box::pin(async move { inside.scope(flushing).await });
    let mut task = tokio::spawn(task);
    let failure = match timeout(hold, &mut task).await {
        Ok(Ok(endings)) => return endings,
        Ok(Err(_)) => "it panicked".to_owned(),
        Err(_) => {
            task.abort();
            format!("it took longer than {hold:?}")
        }
    };
    vec![Err(failure); writes]
}

/// Makes all that waits.
pub(super) async fn flush(cache: &Cache, function: &'static WriteBehind) -> Result<()> {
    cache.desk().start(cache, function);
    let begun = Instant::now();
    let mut failed = 0;
    loop {
        let ready = if failed == 0 { Ready::All } else { Ready::Fresh };
        let round = round(cache, function, ready).await?;
        failed += round.failed;
        if round.taken > 0 {
            continue;
        }
        if failed > 0 {
            let reason = format!("{failed} writes failed, and wait for their next attempt");
            return Err(Error::new(ErrorKind::Unavailable, reason));
        }
        if cache.desk().waiting(function.name()).await? == 0 {
            return Ok(());
        }
        if begun.elapsed() > cache.desk().hold() {
            return Err(Error::new(ErrorKind::Timeout, "others hold writes and don't make them"));
        }
        sleep(LOOK).await;
    }
}
