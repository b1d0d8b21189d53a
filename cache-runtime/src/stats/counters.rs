//! Counters that many threads raise without waiting for each other.

mod stripe;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use self::stripe::Stripe;
use super::leaning::Leaning;

/// Hits are counted in stripes. Most belong to one thread each, which needs no atomic addition.
const STRIPES: usize = 16;

const SITES_A_CHUNK: usize = 16;
const CHUNKS: usize = 256;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Hit,
    Miss,
    StaleHit,
    Load,
    LoadError,
    Join,
    Bypass,
    Discarded,
    LeaseWait,
    RemoteHit,
    RemoteError,
}

const EVENTS: usize = Event::RemoteError as usize + 1;

/// The counters of one call site.
#[derive(Default)]
pub(crate) struct SiteCounters {
    hits: [Line; STRIPES],
    others: [AtomicU64; EVENTS],
    remote: Leaning,
}

/// A count with a cache line to itself.
#[derive(Default)]
#[repr(align(64))]
struct Line(AtomicU64);

impl SiteCounters {
    #[inline]
    pub(crate) fn hit(&self) {
        match Stripe::current() {
            Stripe::Own(stripe) => {
                let Line(count) = &self.hits[stripe % STRIPES];
                count.store(count.load(Relaxed) + 1, Relaxed);
            }
            Stripe::Shared(stripe) => {
                self.hits[stripe % STRIPES].0.fetch_add(1, Relaxed);
            }
        }
    }

    /// A hit, which may be stale.
    pub(crate) fn found(&self, is_stale: bool) {
        self.hit();
        if is_stale {
            self.add(Event::StaleHit);
        }
    }

    /// That the remote tier had it, beside the hit itself.
    pub(crate) fn found_remotely(&self) {
        self.add(Event::RemoteHit);
        self.remote.note(true);
    }

    pub(crate) fn add(&self, event: Event) {
        match event {
            Event::Hit => self.hit(),
            event => {
                self.others[event as usize].fetch_add(1, Relaxed);
            }
        }
    }

    /// Whether the remote tier is likely to have what the local one has not.
    pub(crate) fn remote(&self) -> &Leaning {
        &self.remote
    }

    pub(super) fn get(&self, event: Event) -> u64 {
        match event {
            Event::Hit => self.hits.iter().map(|line| line.0.load(Relaxed)).sum(),
            event => self.others[event as usize].load(Relaxed),
        }
    }
}

/// The counters of all call sites of one cache, by the number of the site.
pub(crate) struct Counters {
    chunks: [OnceLock<Box<[SiteCounters; SITES_A_CHUNK]>>; CHUNKS],
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS] }
    }

    /// The counters of site number `site`. The sites of a program that has more than there is room
    /// for share the last ones.
    #[inline]
    pub(crate) fn site(&self, site: usize) -> &SiteCounters {
        let site = site.min(CHUNKS * SITES_A_CHUNK - 1);
        let chunk = self.chunks[site / SITES_A_CHUNK].get_or_init(Box::default);
        &chunk[site % SITES_A_CHUNK]
    }

    /// The counters of site number `site`, if it ever counted anything near it.
    pub(crate) fn existing(&self, site: usize) -> Option<&SiteCounters> {
        let chunk = self.chunks.get(site / SITES_A_CHUNK)?.get()?;
        Some(&chunk[site % SITES_A_CHUNK])
    }
}
