//! The table of a thread: weak references to entries, by the words of their keys.

use std::cell::RefCell;
use std::mem;
use std::sync::{Arc, Weak};

use super::Front;
use crate::entry::Entry;
use crate::key::{FAR, KeyRef, Pair, Words, has_far, hash_of};
use crate::sync::thread_local;

/// How many slots a table begins with, and how many it may grow to: 1 MiB, and as much again if there
/// are keys of many words.
const FEWEST: usize = 64;
const MOST: usize = 16384;

/// A table grows when so many times as many strangers as it has slots were met.
const CROWD: usize = 4;

/// A weak reference keeps an entry's own memory, though not what its value points to: an entry of more
/// bytes than this is not referred to.
const LARGEST_ENTRY: usize = 1024;

/// Of the hits of an entry, the backend is told of one in so many.
const SAMPLE: u8 = if cfg!(shuttle) { 4 } else { 64 };

/// After a miss, which may have the backend evict something, it is told of so many hits one by one.
const TOLD: u32 = 4;
const TOLD_AT_MOST: u32 = 1024;

/// How many more strangers than hits at a slot it takes at most to give it to another key.
const CREDIT: u8 = 16;

/// The part of a tier that a key belongs to, and how often it had changed.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) tier: u16,
    pub(super) part: u16,
    pub(super) changes: u64,
}

/// As much as a cache line.
#[repr(align(64))]
struct Slot {
    head: Pair,
    near: Pair,
    changes: u64,
    entry: Option<Weak<Entry>>,
    tier: u16,
    part: u16,
    /// The last stranger, by its hash.
    rival: u16,
    /// Counts up to a sample, and begins anew.
    hits: u8,
    credit: u8,
}

struct Table {
    slots: Vec<Slot>,
    /// The far words of each slot's key, once there are any.
    far: Vec<[u64; FAR]>,
    /// The last key that the backend did not have, by its hash: who is mistaken only loads once more.
    missing: Option<(Place, u64)>,
    /// How many hits the backend is to be told of.
    untold: u32,
    /// How often a key was to be kept where there was another, since the table had this size.
    strangers: usize,
}

thread_local! {
    static TABLE: RefCell<Table> = const {
        RefCell::new(Table {
            slots: Vec::new(),
            far: Vec::new(),
            missing: None,
            untold: 0,
            strangers: 0,
        })
    };
}

/// What the table of this thread has under words of `front`.
///
/// One copy of this serves all functions, and takes and gives in registers what it can.
#[inline(never)]
pub(super) fn look_up(
    front: &Front,
    head: Pair,
    near: Pair,
    far: &[u64; FAR],
) -> Option<Arc<Entry>> {
    // Busy, or gone, where a value's `Drop` reads the cache.
    let found = TABLE.try_with(|table| {
        let table = &mut *table.try_borrow_mut().ok()?;
        let index = index(&table.slots, hash_of(head, near, far));
        let slot = table.slots.get_mut(index)?;
        let differs = (slot.head.0 ^ head.0)
            | (slot.head.1 ^ head.1)
            | (slot.near.0 ^ near.0)
            | (slot.near.1 ^ near.1);
        if differs != 0
            || slot.tier != front.number
            || (has_far(head) && table.far.get(index) != Some(far))
        {
            return None;
        }
        slot.hit(front, &mut table.untold)
    });
    found.ok()?
}

/// Keeps what the backend said of a key.
pub(super) fn keep(place: Place, words: &Words, entry: &Arc<Entry>) {
    if size_of_val(&**entry) <= LARGEST_ENTRY && words.is_whole() {
        with_table(place, |table| table.keep(place, words, entry));
    }
}

/// Keeps that the backend did not have a key.
pub(super) fn keep_missing(place: Place, key: KeyRef<'_>) {
    with_table(place, |table| {
        table.missing = Some((place, key.hash()));
        table.untold = (table.untold + TOLD).min(TOLD_AT_MOST);
    });
}

/// Whether the backend did not have a key, and nothing has changed since. Every miss asks twice.
pub(super) fn is_missing(place: Place, key: KeyRef<'_>) -> bool {
    let is_missing = |table: &mut Table| table.missing == Some((place, key.hash()));
    with_table(place, is_missing).unwrap_or(false)
}

fn with_table<T>(place: Place, f: impl FnOnce(&mut Table) -> T) -> Option<T> {
    if place.tier == 0 {
        return None;
    }
    TABLE.try_with(|table| table.try_borrow_mut().ok().map(|mut table| f(&mut table))).ok()?
}

#[inline]
fn index(slots: &[Slot], hash: u64) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are what is asked for")]
    let hash = hash as usize;
    hash & slots.len().wrapping_sub(1)
}

impl Table {
    fn keep(&mut self, place: Place, words: &Words, entry: &Arc<Entry>) {
        if self.strangers >= self.slots.len() * CROWD && self.slots.len() < MOST {
            self.grow();
        }
        let hash = words.hash();
        let index = index(&self.slots, hash);
        let is_there = self.words(index) == Some(*words);
        let Some(slot) = self.slots.get_mut(index) else { return };
        if !is_there || slot.tier != place.tier {
            self.strangers += 1;
            if slot.entry.is_some() && !slot.yields_to(hash) {
                return;
            }
            (slot.head, slot.near) = (words.head, words.near);
            (slot.tier, slot.hits, slot.credit) = (place.tier, 0, 1);
            self.keep_far(index, words);
        }
        let slot = &mut self.slots[index];
        (slot.part, slot.changes) = (place.part, place.changes);
        slot.entry = Some(Arc::downgrade(entry));
    }

    fn keep_far(&mut self, index: usize, words: &Words) {
        if has_far(words.head) && self.far.is_empty() {
            self.far.resize(self.slots.len(), [0; FAR]);
        }
        if let Some(far) = self.far.get_mut(index) {
            *far = words.far;
        }
    }

    fn words(&self, index: usize) -> Option<Words> {
        let (slot, far) = (self.slots.get(index)?, self.far.get(index));
        Some(Words { head: slot.head, near: slot.near, far: far.copied().unwrap_or_default() })
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(FEWEST);
        let fewer =
            Self { far: mem::take(&mut self.far), slots: mem::take(&mut self.slots), ..*self };
        self.strangers = 0;
        self.slots.resize_with(size, Slot::empty);
        let words = (0..size).map_while(|index| fewer.words(index)).collect::<Vec<_>>();
        for (slot, words) in fewer.slots.into_iter().zip(words).filter(|(it, _)| it.entry.is_some())
        {
            let index = index(&self.slots, words.hash());
            self.slots[index] = slot;
            self.keep_far(index, &words);
        }
    }
}

impl Slot {
    fn empty() -> Self {
        Self {
            head: (0, 0),
            near: (0, 0),
            changes: 0,
            entry: None,
            tier: 0,
            part: 0,
            rival: 0,
            hits: 0,
            credit: 0,
        }
    }

    /// The entry, unless it is outdated, or the backend is to be told of the hit.
    #[inline]
    fn hit(&mut self, front: &Front, untold: &mut u32) -> Option<Arc<Entry>> {
        if self.changes != front.changes(self.part) {
            return None;
        }
        self.credit = CREDIT.min(self.credit + 1);
        self.hits = (self.hits + 1) % SAMPLE;
        if self.hits == 0 || *untold > 0 {
            *untold = untold.saturating_sub(1);
            return None;
        }
        self.entry.as_ref()?.upgrade()
    }

    /// Whether this slot is better given to another key.
    fn yields_to(&mut self, hash: u64) -> bool {
        self.credit = self.credit.saturating_sub(1);
        let rival = (hash >> 48) as u16;
        let is_back = self.rival == rival;
        self.rival = rival;
        is_back && self.credit == 0
    }
}
