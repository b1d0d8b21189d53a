//! The table of a thread: weak references to entries, by key.

use std::cell::RefCell;
use std::mem;
use std::sync::{Arc, Weak};

use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::sync::thread_local;

/// How many places a table begins with, and how many it may grow to: 576 KiB.
const FEWEST: usize = 64;
const MOST: usize = 8192;

/// A table grows when so many times as many strangers as it has places were met.
const CROWD: usize = 4;

/// A weak reference keeps an entry's own memory, though not what its value points to: an entry of more
/// bytes than this is not referred to.
const LARGEST_ENTRY: usize = 1024;

/// Of the hits of an entry, the backend is told of one in so many.
const SAMPLE: u8 = if cfg!(shuttle) { 4 } else { 64 };

/// After a miss, which may have the backend evict something, it is told of the next hits one by one.
const TOLD: u32 = 4;
const TOLD_AT_MOST: u32 = 1024;

/// How many more misses than hits at a place it takes at most to give it to another key.
const CREDIT: u8 = 16;

/// Where a key is looked for, and how often its part of the tier had changed before.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) tier: u16,
    pub(super) key: KeyRef<'a>,
    pub(super) changes: u64,
}

/// What a table says.
pub(super) enum Sight {
    Seen(Arc<Entry>),
    /// The backend had nothing, and nothing has changed since.
    Missing,
    /// The backend is to be asked; what it says would be kept if it `is_wanted`.
    Unseen {
        is_wanted: bool,
    },
}

/// What was not there, and when: a key by its hash, for whoever is mistaken only loads once more.
#[derive(Clone, Copy, PartialEq)]
struct Missing {
    tier: u16,
    hash: u64,
    changes: u64,
}

impl From<Place<'_>> for Missing {
    fn from(place: Place<'_>) -> Self {
        Self { tier: place.tier, hash: place.key.hash(), changes: place.changes }
    }
}

struct Slot {
    key: Key,
    changes: u64,
    entry: Option<Weak<Entry>>,
    /// The last other key that was looked for here, by its hash.
    rival: u32,
    tier: u16,
    /// Counts up to a sample, and begins anew.
    hits: u8,
    credit: u8,
}

#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    /// What the backend did not have: every miss asks twice.
    missing: Option<Missing>,
    /// How many hits the backend is to be told of.
    untold: u32,
    /// How often another key was found than was looked for, since the table had this size.
    strangers: usize,
}

thread_local! {
    static TABLE: RefCell<Table> =
        const { RefCell::new(Table { slots: Vec::new(), missing: None, untold: 0, strangers: 0 }) };
}

const UNKNOWN: Sight = Sight::Unseen { is_wanted: false };

#[inline]
pub(super) fn look_up(place: Place<'_>) -> Sight {
    // Busy, or gone, where a value's `Drop` reads the cache.
    let sight = TABLE.try_with(|table| match table.try_borrow_mut() {
        Ok(mut table) => table.look_up(place),
        Err(_) => UNKNOWN,
    });
    sight.unwrap_or(UNKNOWN)
}

/// Keeps what the backend said.
#[cold]
pub(super) fn keep(place: Place<'_>, entry: &Arc<Entry>) {
    if size_of_val(&**entry) <= LARGEST_ENTRY {
        with_table(place, |table| table.keep(place, entry));
    }
}

/// Keeps that the backend had nothing.
pub(super) fn keep_missing(place: Place<'_>) {
    with_table(place, |table| {
        table.missing = Some(place.into());
        table.untold = (table.untold + TOLD).min(TOLD_AT_MOST);
    });
}

fn with_table(place: Place<'_>, f: impl FnOnce(&mut Table)) {
    if place.tier == 0 {
        return;
    }
    let _ = TABLE.try_with(|table| table.try_borrow_mut().map(|mut table| f(&mut table)));
}

impl Table {
    #[inline]
    fn look_up(&mut self, place: Place<'_>) -> Sight {
        let index = self.index(place.key);
        match self.slots.get_mut(index).filter(|slot| slot.is_of(place)) {
            Some(slot) => match slot.hit(place, &mut self.untold) {
                Some(entry) => Sight::Seen(entry),
                None => self.unseen(place, true),
            },
            None => {
                let is_wanted = self.strange(place, index);
                self.unseen(place, is_wanted)
            }
        }
    }

    fn unseen(&self, place: Place<'_>, is_wanted: bool) -> Sight {
        if self.missing == Some(place.into()) {
            Sight::Missing
        } else {
            Sight::Unseen { is_wanted }
        }
    }

    /// Whether a key that is not here should be.
    fn strange(&mut self, place: Place<'_>, index: usize) -> bool {
        self.strangers += 1;
        self.slots.get_mut(index).is_none_or(|slot| slot.yields_to(place)) || self.is_crowded()
    }

    #[inline]
    fn index(&self, key: KeyRef<'_>) -> usize {
        #[allow(clippy::cast_possible_truncation, reason = "the low bits are what is asked for")]
        let hash = key.hash() as usize;
        hash & self.slots.len().wrapping_sub(1)
    }

    fn keep(&mut self, place: Place<'_>, entry: &Arc<Entry>) {
        if self.is_crowded() {
            self.grow();
        }
        let index = self.index(place.key);
        let Some(slot) = self.slots.get_mut(index) else { return };
        if !slot.is_of(place) {
            slot.key = place.key.to_key();
            slot.tier = place.tier;
            slot.hits = 0;
            slot.credit = 1;
        }
        slot.changes = place.changes;
        slot.entry = Some(Arc::downgrade(entry));
    }

    #[inline]
    fn is_crowded(&self) -> bool {
        self.strangers >= self.slots.len() * CROWD && self.slots.len() < MOST
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(FEWEST);
        let fewer = mem::take(&mut self.slots);
        self.strangers = 0;
        self.slots.resize_with(size, Slot::empty);
        for slot in fewer.into_iter().filter(|slot| slot.entry.is_some()) {
            let index = self.index(slot.key.borrowed());
            self.slots[index] = slot;
        }
    }
}

impl Slot {
    fn empty() -> Self {
        Self { key: Key::from(""), changes: 0, entry: None, rival: 0, tier: 0, hits: 0, credit: 0 }
    }

    #[inline]
    fn is_of(&self, place: Place<'_>) -> bool {
        self.tier == place.tier && place.key == self.key
    }

    /// The entry, unless it is outdated, or the backend is to be told of the hit.
    #[inline]
    fn hit(&mut self, place: Place<'_>, untold: &mut u32) -> Option<Arc<Entry>> {
        if self.changes != place.changes {
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

    /// Whether this place is better given to another key.
    #[inline]
    fn yields_to(&mut self, place: Place<'_>) -> bool {
        self.credit = self.credit.saturating_sub(1);
        #[allow(clippy::cast_possible_truncation, reason = "half a hash tells keys well apart")]
        let rival = (place.key.hash() >> 32) as u32;
        let is_back = self.rival == rival;
        self.rival = rival;
        is_back && self.credit == 0
    }
}
