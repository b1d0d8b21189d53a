//! The hot front of a local tier: what a thread has read again and again it finds in a table of its
//! own, without asking the backend.
//!
//! A backend pays on every `get` for what its eviction needs to know. The front pays that for a
//! sample of the hits. It holds no value: its tables bear weak references, so what the backend evicts
//! is freed, and is gone from the tables with it.
//!
//! # Why no hit is outdated
//!
//! The front keeps the contract of [`LocalBackend`] that the backend keeps. Each key belongs to one of
//! [`CHANGES`] counts of changes, which goes up *after* an entry was inserted in the backend or removed
//! from it, and before that call returns. A thread reads the count *before* it asks the backend, and
//! keeps it beside the reference. So:
//!
//! - If the count is the new one, the backend was asked after the change, and what it gave is no older.
//! - If it is an older one, no `get` that begins once the change has returned takes the reference: it
//!   compares the two.
//!
//! Nothing depends on an entry being marked, so it makes no difference who holds it or whether the
//! backend knew it still.

mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use self::table::{Place, Sight};
use super::LocalBackend;
use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::sync::{AtomicU64, Ordering::Acquire, Ordering::Release};

/// How many counts of changes a tier has: 32 KiB. A change costs the front what it knows of the keys
/// that share its count, until each was read from the backend again.
const CHANGES: usize = 4096;

/// A local tier with a hot front.
pub(crate) struct Front {
    backend: Arc<dyn LocalBackend>,
    /// What the tables know this tier by; none that has no number.
    number: u16,
    changes: Box<[AtomicU64]>,
}

impl Front {
    pub(crate) fn new(backend: Arc<dyn LocalBackend>) -> Self {
        Self {
            backend,
            number: number(),
            changes: (0..CHANGES).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    #[inline]
    fn changes(&self, key: KeyRef<'_>) -> &AtomicU64 {
        // Other bits than those that choose a place in the table, or a shard of the flights.
        &self.changes[(key.hash() >> 40) as usize % CHANGES]
    }

    /// What the backend has, to be kept in the table of this thread if `is_wanted`.
    fn ask(&self, place: Place<'_>, is_wanted: bool) -> Option<Arc<Entry>> {
        let entry = self.backend.get(place.key);
        match &entry {
            Some(entry) if is_wanted => table::keep(place, entry),
            Some(_) => {}
            None => table::keep_missing(place),
        }
        entry
    }
}

/// A number that no other tier of the process has; 0 where they are used up.
fn number() -> u16 {
    static LAST: AtomicU16 = AtomicU16::new(0);
    let next = LAST.fetch_update(Relaxed, Relaxed, |last| last.checked_add(1));
    next.map_or(0, |last| last + 1)
}

impl LocalBackend for Front {
    #[inline]
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        let changes = self.changes(key).load(Acquire);
        let place = Place { tier: self.number, key, changes };
        match table::look_up(place) {
            Sight::Seen(entry) => Some(entry),
            Sight::Missing => None,
            Sight::Unseen { is_wanted } => self.ask(place, is_wanted),
        }
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        self.backend.insert(key, entry);
        self.changes(key.borrowed()).fetch_add(1, Release);
    }

    fn remove(&self, key: KeyRef<'_>) {
        self.backend.remove(key);
        self.changes(key).fetch_add(1, Release);
    }

    fn sweep(&self, dead: &dyn Fn(&Entry) -> bool) {
        self.backend.sweep(dead);
    }

    fn len(&self) -> u64 {
        self.backend.len()
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;

#[cfg(all(test, shuttle))]
mod model;
