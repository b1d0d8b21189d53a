//! The hot front of a local tier: what a thread has read again and again it finds in a table of its
//! own, without asking the backend.
//!
//! A backend pays on every `get` for what its eviction needs to know, and its keys have to be rendered.
//! The front goes by [`Words`], and tells the backend of a sample of the hits. It holds no value: its
//! tables bear weak references, so what the backend evicts is dropped, and is gone from the tables with
//! it. What is left of it until the table forgets it are the bytes of the entry itself, few of them.
//!
//! # Why no hit is outdated
//!
//! Each key belongs to one of [`CHANGES`] counts of changes, which goes up *after* an entry was
//! inserted in the backend or removed from it, and before that call returns. A thread reads the count
//! *before* it asks the backend, and keeps it beside the reference. So:
//!
//! - If the count it keeps is the new one, it asked the backend after the change, and what it was given
//!   is no older.
//! - If it is an older one, no call that begins once the change has returned takes the reference: it
//!   compares the two.
//!
//! Nothing depends on an entry being marked, so it makes no difference who holds it or whether the
//! backend knew it still. With its front, a backend keeps the contract of [`LocalBackend`].

mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use self::table::Place;
use super::LocalBackend;
use crate::entry::Entry;
use crate::key::{FAR, Key, KeyRef, Words, has_far};
use crate::sync::{AtomicU64, Ordering::Acquire, Ordering::Release};

/// How many counts of changes a tier has: 32 KiB. A change costs the front what it knows of the keys
/// that share its count, until each was read from the backend again.
const CHANGES: usize = 4096;

/// A local tier with its hot front.
pub(crate) struct Front {
    backend: Arc<dyn LocalBackend>,
    /// What the tables know this tier by; none that has no number.
    number: u16,
    changes: Box<[AtomicU64; CHANGES]>,
}

impl Front {
    pub(crate) fn new(backend: Arc<dyn LocalBackend>) -> Self {
        let changes = (0..CHANGES).map(|_| AtomicU64::new(0)).collect::<Box<[_]>>();
        #[allow(clippy::unwrap_used, reason = "as many as there should be")]
        Self { backend, number: number(), changes: changes.try_into().unwrap() }
    }

    /// What this thread has read before, if it still counts.
    #[allow(clippy::inline_always, reason = "what is known of the words decides")]
    #[inline(always)]
    pub(crate) fn recall(&self, words: &Words) -> Option<Arc<Entry>> {
        let far = if has_far(words.head) { &words.far } else { &[0; FAR] };
        table::look_up(self, words.head, words.near, far)
    }

    /// The entry under `key`, to be recalled by its words.
    pub(crate) fn get_and_keep(&self, key: KeyRef<'_>, words: &Words) -> Option<Arc<Entry>> {
        let place = self.place(key);
        let entry = self.ask(place, key)?;
        table::keep(place, words, &entry);
        Some(entry)
    }

    fn ask(&self, place: Place, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        if table::is_missing(place, key) {
            return None;
        }
        let entry = self.backend.get(key);
        if entry.is_none() {
            table::keep_missing(place, key);
        }
        entry
    }

    /// Where `key` belongs, and how often that has changed.
    fn place(&self, key: KeyRef<'_>) -> Place {
        let part = part_of(key);
        Place { tier: self.number, part, changes: self.changes(part) }
    }

    /// How often the part of the tier has changed.
    #[inline]
    fn changes(&self, part: u16) -> u64 {
        self.changes[usize::from(part) % CHANGES].load(Acquire)
    }

    /// Counts a change of what is under `key` when it has been made: when this is dropped.
    fn changing(&self, key: KeyRef<'_>) -> Changing<'_> {
        Changing(&self.changes[usize::from(part_of(key)) % CHANGES])
    }
}

/// A change under way. It counts even if the backend panics half-way.
struct Changing<'a>(&'a AtomicU64);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Release);
    }
}

/// The part of a tier that `key` belongs to.
fn part_of(key: KeyRef<'_>) -> u16 {
    #[allow(clippy::cast_possible_truncation, reason = "twelve bits are left")]
    let part = (key.hash() >> 52) as u16;
    part
}

/// A number that no other tier of the process has; 0 where they are used up.
fn number() -> u16 {
    static LAST: AtomicU16 = AtomicU16::new(0);
    let next = LAST.fetch_update(Relaxed, Relaxed, |last| last.checked_add(1));
    next.map_or(0, |last| last + 1)
}

impl LocalBackend for Front {
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.ask(self.place(key), key)
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        let _changing = self.changing(key.borrowed());
        self.backend.insert(key, entry);
    }

    fn remove(&self, key: KeyRef<'_>) {
        let _changing = self.changing(key);
        self.backend.remove(key);
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
