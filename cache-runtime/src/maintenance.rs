//! The thread that frees what nobody asks for any more, and ends what outlives its runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::cache::{Cache, WeakCache};
use crate::flight::Barrier;

/// How often the thread looks around.
const TICK: Duration = Duration::from_secs(1);

/// How much longer than a sweep the pause after it is: sweeping takes half a percent of one core.
const PAUSE: u32 = 200;

/// The caches that are swept. A thread runs while there are any.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

struct Kept {
    cache: WeakCache,
    due: Instant,
}

/// Barriers whose runtime has ended before their hold has.
static HELD: Mutex<Vec<(Instant, Barrier)>> = Mutex::new(Vec::new());

/// Keeps a barrier up until its `end`. It matters to local tiers alone.
pub(crate) fn hold(barrier: Barrier, end: Instant) {
    if !KEPT.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push((end, barrier));
    }
}

/// Takes down what has been up for long enough.
fn release(now: Instant) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let over: Vec<_> = held.extract_if(.., |(end, _)| *end <= now).collect();
    drop(held);
    drop(over);
}

/// Sweeps `cache` now and then for as long as it lives.
///
/// A thread and not a task: a process-wide cache outlives the runtime it was made on.
pub(crate) fn keep(cache: &Cache) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.is_empty() {
        let thread = thread::Builder::new().name("cache-runtime".to_owned());
        if let Err(error) = thread.spawn(run) {
            tracing::error!(%error, "no thread for the cache: expired entries stay until evicted");
            return;
        }
    }
    kept.push(Kept { cache: cache.downgrade(), due: Instant::now() + TICK });
}

fn run() {
    loop {
        thread::sleep(TICK);
        release(Instant::now());
        let Some(caches) = due() else { return };
        for cache in caches {
            let began = Instant::now();
            // A value's `Drop`, or a backend, may panic: the thread serves all caches.
            if catch_unwind(AssertUnwindSafe(|| cache.free_expired())).is_err() {
                tracing::error!(cache = cache.name(), "freeing expired entries panicked");
            }
            postpone(&cache, began.elapsed());
            // Nobody else may hold it any more.
            if catch_unwind(AssertUnwindSafe(move || drop(cache))).is_err() {
                tracing::error!("freeing a cache that is gone panicked");
            }
        }
    }
}

/// The caches whose time has come; `None` once all are gone, and with them this thread.
fn due() -> Option<Vec<Cache>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|kept| !kept.cache.is_gone());
    if kept.is_empty() {
        return None;
    }
    let now = Instant::now();
    Some(kept.iter().filter(|kept| kept.due <= now).filter_map(|it| it.cache.upgrade()).collect())
}

fn postpone(swept: &Cache, took: Duration) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    for kept in kept.iter_mut().filter(|kept| kept.cache.is(swept)) {
        kept.due = Instant::now() + took * PAUSE;
    }
}
