//! What share of a trace's calls are hits: the backends by themselves, and behind this cache's front.

use std::num::NonZeroUsize;
use std::thread;

use cache_runtime::{Cache, Key, Moka, Policy, QuickCache};
use moka::sync;

use crate::hit::block_on;
use crate::workload::{LoadError, skewed};

/// Calls in order, and how many entries the caches may hold.
pub struct Trace {
    /// What it is like.
    pub name: &'static str,
    /// Who is asked for.
    pub ids: Vec<u64>,
    /// In entries.
    pub capacity: u64,
}

const CALLS: usize = 1_000_000;
const KEYS: u64 = 100_000;
const CAPACITY: u64 = 10_000;

/// The shapes that tell eviction policies apart.
pub fn traces() -> Vec<Trace> {
    let zipf = || skewed(KEYS, CALLS, 0.9);
    vec![
        Trace { name: "zipf(0.9)", ids: zipf(), capacity: CAPACITY },
        Trace { name: "zipf(0.9), small", ids: zipf(), capacity: CAPACITY / 10 },
        Trace { name: "scans + zipf(0.9)", ids: scanned(&zipf()), capacity: CAPACITY },
        Trace {
            name: "loop",
            ids: (0..CAPACITY * 2).cycle().take(CALLS).collect(),
            capacity: CAPACITY,
        },
        Trace { name: "shifting zipf(0.9)", ids: shifting(&zipf()), capacity: CAPACITY },
    ]
}

/// Now and then a run of keys that nobody asks for again.
fn scanned(ids: &[u64]) -> Vec<u64> {
    let mut next = KEYS;
    let runs = ids.chunks(20_000).flat_map(|chunk| {
        let run = next..next + 10_000;
        next = run.end;
        chunk.iter().copied().chain(run)
    });
    runs.take(ids.len()).collect()
}

/// What is popular changes, from one moment to the next, ten times.
fn shifting(ids: &[u64]) -> Vec<u64> {
    let chunks = ids.chunks(ids.len() / 10).zip(0..);
    chunks
        .flat_map(|(chunk, turn)| chunk.iter().map(move |id| (id + turn * 7_919) % KEYS))
        .collect()
}

/// A way to serve a trace.
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// Serves a trace from threads that share the cache; answers how many calls were loads.
    pub loads: fn(&Trace, NonZeroUsize) -> u64,
}

/// The name of the case that the front is held against.
pub const MOKA: &str = "moka";

/// The same for the other backend.
pub const QUICK_CACHE: &str = "quick_cache";

/// Each backend by itself, and in this cache.
pub fn cases() -> Vec<Case> {
    vec![
        Case { name: MOKA, loads: on_moka },
        Case {
            name: "ours on moka",
            loads: |trace, threads| {
                ours(
                    Cache::builder()
                        .local(Moka::new().capacity(trace.capacity))
                        .no_remote()
                        .no_journal()
                        .build(),
                    trace,
                    threads,
                )
            },
        },
        Case { name: QUICK_CACHE, loads: on_quick_cache },
        Case {
            name: "ours on quick_cache",
            loads: |trace, threads| {
                ours(
                    Cache::builder()
                        .local(QuickCache::new().capacity(trace.capacity))
                        .no_remote()
                        .no_journal()
                        .build(),
                    trace,
                    threads,
                )
            },
        },
    ]
}

fn on_moka(trace: &Trace, threads: NonZeroUsize) -> u64 {
    let cache = sync::Cache::builder().max_capacity(trace.capacity).build();
    served(trace, threads, |id| {
        let is_missing = cache.get(&id).is_none();
        if is_missing {
            cache.insert(id, id);
        }
        is_missing
    })
}

fn on_quick_cache(trace: &Trace, threads: NonZeroUsize) -> u64 {
    let cache =
        quick_cache::sync::Cache::new(usize::try_from(trace.capacity).unwrap_or(usize::MAX));
    served(trace, threads, |id| {
        let is_missing = cache.get(&id).is_none();
        if is_missing {
            cache.insert(id, id);
        }
        is_missing
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is made for one trace")]
fn ours(cache: Cache, trace: &Trace, threads: NonZeroUsize) -> u64 {
    served(trace, threads, |id| {
        let mut is_missing = false;
        block_on(async {
            let load = async {
                is_missing = true;
                Ok::<_, LoadError>(id)
            };
            cache.get_or_load(Key::new("trace").part(&id), Policy::new(), load).await
        })
        .is_ok_and(|_| is_missing)
    })
}

/// The threads take the calls in turns, in small runs.
fn served(trace: &Trace, threads: NonZeroUsize, is_missing: impl Fn(u64) -> bool + Sync) -> u64 {
    let share = &|thread: usize| {
        let runs = trace.ids.chunks(100).skip(thread).step_by(threads.get());
        runs.flatten().map(|id| u64::from(is_missing(*id))).sum::<u64>()
    };
    thread::scope(|scope| {
        let crew: Vec<_> = (0..threads.get()).map(|at| scope.spawn(move || share(at))).collect();
        crew.into_iter().filter_map(|thread| thread.join().ok()).sum()
    })
}
