//! The table of a thread: weak references to entries, by the words of their keys.

use std::cell::RefCell;
use std::mem;
use std::sync::{Arc, Weak};

use super::Front;
use crate::entry::Entry;
use crate::key::{FAR, KeyRef, Pair, Words, has_far, hash_of};
use crate::sync::thread_local;

/// How many sets a table begins with, and how many it may grow to: 2 MiB, and as much again if there
/// are keys of many words.
const FEWEST: usize = 32;
const MOST: usize = 16384;

/// A table that is as large as it may be, and in which four strangers were met for each hit until there
/// were so many of them, is no use: what is asked for is spread too widely.
const TRIAL: usize = 8 * MOST;
const USEFUL: usize = 4;

/// It begins anew, and does not grow before so many more were met.
const LULL: usize = 1 << 20;

/// A weak reference keeps an entry's own memory, though not what its value points to: an entry of more
/// bytes than this is not referred to.
const LARGEST_ENTRY: usize = 256;

/// At so many hits of an entry the backend is told of one, and they are counted anew from half of it: so
/// it is told of one in 512.
const SAMPLE: u16 = if cfg!(shuttle) { 4 } else { 1024 };

/// After a miss, which may have the backend evict something, it is told of so many hits one by one.
const TOLD: u32 = 4;
const TOLD_AT_MOST: u32 = 1024;

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
    /// Counts up to a sample; strangers halve it.
    hits: u16,
}

/// A key may be in either of two slots.
type Set<T> = [T; 2];

struct Table {
    sets: Vec<Set<Slot>>,
    /// The far words of each slot's key, once there are any.
    far: Vec<Set<[u64; FAR]>>,
    /// The last key that the backend did not have, by its hash: who is mistaken only loads once more.
    missing: Option<(Place, u64)>,
    /// How many hits the backend is to be told of.
    untold: u32,
    /// How often a key was found, and how often one was to be kept where there was another, since the
    /// table was last looked over.
    hits: usize,
    strangers: usize,
    /// How many strangers are met before the table is looked over.
    patience: usize,
}

thread_local! {
    static TABLE: RefCell<Table> = const {
        RefCell::new(Table {
            sets: Vec::new(),
            far: Vec::new(),
            missing: None,
            untold: 0,
            hits: 0,
            strangers: 0,
            patience: 0,
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
        let index = index(&table.sets, front.number, hash_of(head, near, far));
        let set = table.sets.get_mut(index)?;
        let far_set = if has_far(head) { Some(table.far.get(index)?) } else { None };
        let is_of = |way: usize| {
            set[way].is_of(front.number, head, near)
                && far_set.is_none_or(|far_set| far_set[way] == *far)
        };
        let way = if is_of(0) { 0 } else { is_of(1).then_some(1)? };
        let slot = &mut set[way];
        let entry = slot.hit(front, &mut table.untold)?;
        table.hits += 1;
        Some(entry)
    });
    found.ok()?
}

/// Keeps what the backend said of a key.
pub(super) fn keep(place: Place, words: &Words, entry: &Arc<Entry>) {
    if size_of_val(&**entry) <= LARGEST_ENTRY && words.is_whole() {
        with_table(place, |table| table.keep(place, words, Arc::downgrade(entry)));
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

/// How many sets the table of this thread has.
#[cfg(test)]
pub(super) fn sets() -> usize {
    TABLE.with(|table| table.borrow().sets.len())
}

#[inline]
fn index(sets: &[Set<Slot>], tier: u16, hash: u64) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are what is asked for")]
    let hash = (hash ^ u64::from(tier).wrapping_mul(0x9E37_79B9_7F4A_7C15)) as usize;
    hash & sets.len().wrapping_sub(1)
}

impl Table {
    fn keep(&mut self, place: Place, words: &Words, entry: Weak<Entry>) {
        if self.strangers >= self.patience {
            self.look_over();
        }
        let hash = words.hash();
        let index = index(&self.sets, place.tier, hash);
        let known = (0..2).find(|way| self.holds(index, *way, place.tier, words));
        let Some(set) = self.sets.get_mut(index) else { return };
        let way = known.unwrap_or(usize::from(set[1].rank() < set[0].rank()));
        let slot = &mut set[way];
        if known.is_none() {
            if slot.rank().0 {
                self.strangers += 1;
                if !slot.yields_to(hash) {
                    return;
                }
            }
            (slot.head, slot.near) = (words.head, words.near);
            (slot.tier, slot.hits) = (place.tier, 0);
        }
        (slot.part, slot.changes) = (place.part, place.changes);
        slot.entry = Some(entry);
        self.keep_far(index, way, words);
    }

    fn holds(&self, index: usize, way: usize, tier: u16, words: &Words) -> bool {
        let slot = self.sets.get(index).map(|set| &set[way]);
        slot.is_some_and(|slot| slot.is_of(tier, words.head, words.near))
            && (!has_far(words.head) || self.far(index, way) == words.far)
    }

    fn far(&self, index: usize, way: usize) -> [u64; FAR] {
        self.far.get(index).map(|set| set[way]).unwrap_or_default()
    }

    fn keep_far(&mut self, index: usize, way: usize, words: &Words) {
        if has_far(words.head) && self.far.is_empty() {
            self.far.resize(self.sets.len(), Set::default());
        }
        if let Some(set) = self.far.get_mut(index) {
            set[way] = words.far;
        }
    }

    /// Makes the table larger, or as small as it began if it is no use.
    fn look_over(&mut self) {
        let is_full = self.sets.len() == MOST;
        if is_full && self.hits >= self.strangers / USEFUL {
            (self.hits, self.strangers) = (0, 0);
            return;
        }
        let size = if is_full { FEWEST } else { (self.sets.len() * 2).max(FEWEST) };
        let mut sets = Vec::new();
        sets.resize_with(size, || [Slot::empty(), Slot::empty()]);
        let patience = match size {
            FEWEST if is_full => LULL,
            MOST => TRIAL,
            size => size,
        };
        let before =
            mem::replace(self, Self { sets, far: Vec::new(), patience: usize::MAX, ..*self });
        for (index, set) in before.sets.iter().enumerate() {
            for (way, slot) in set.iter().enumerate().filter(|(_, slot)| slot.rank().0) {
                let words = Words { head: slot.head, near: slot.near, far: before.far(index, way) };
                let place = Place { tier: slot.tier, part: slot.part, changes: slot.changes };
                if let Some(entry) = &slot.entry {
                    self.keep(place, &words, entry.clone());
                }
            }
        }
        (self.hits, self.strangers, self.patience) = (0, 0, patience);
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
        }
    }

    /// Whether this is the slot of these words, as far as they are near.
    #[inline]
    fn is_of(&self, tier: u16, head: Pair, near: Pair) -> bool {
        // As one comparison: what is in registers stays there.
        let differs = (self.head.0 ^ head.0)
            | (self.head.1 ^ head.1)
            | (self.near.0 ^ near.0)
            | (self.near.1 ^ near.1)
            | u64::from(self.tier ^ tier);
        differs == 0
    }

    /// The entry, unless it is outdated, or the backend is to be told of the hit.
    #[inline]
    fn hit(&mut self, front: &Front, untold: &mut u32) -> Option<Arc<Entry>> {
        if self.changes != front.changes(self.part) {
            return None;
        }
        self.hits += 1;
        if self.hits >= SAMPLE || *untold > 0 {
            // Half of it, so that it does not look like a key that is hardly asked for.
            self.hits = self.hits.min(SAMPLE / 2);
            *untold = untold.saturating_sub(1);
            return None;
        }
        let entry = self.entry.as_ref()?.upgrade();
        if entry.is_none() {
            // Its memory goes with the last reference.
            self.entry = None;
        }
        entry
    }

    /// Whether it is taken, and how much it is asked for.
    fn rank(&self) -> (bool, u16) {
        (self.entry.as_ref().is_some_and(|entry| entry.strong_count() > 0), self.hits)
    }

    /// Whether this slot is better given to another key.
    fn yields_to(&mut self, hash: u64) -> bool {
        self.hits /= 2;
        let rival = (hash >> 48) as u16;
        let is_back = self.rival == rival;
        self.rival = rival;
        is_back && self.hits == 0
    }
}
