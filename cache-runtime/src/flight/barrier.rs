//! Barriers around writes: while one is up, loads of its key run and are not stored.

use std::sync::Arc;

use super::{Flights, Shard, Slot, Ticket};
use crate::key::Key;

/// A writer's place in the barrier of a key. Dropped, it leaves.
pub(crate) struct Barrier {
    flights: Arc<Flights>,
    key: Key,
}

impl Flights {
    /// Puts up a barrier, or joins it: voids all tickets of `key`, detaches its flights and runs
    /// `remove`, as one step.
    pub(crate) fn enter(self: &Arc<Self>, key: &Key, remove: impl FnOnce()) -> Barrier {
        let mut shard = self.shard(key);
        shard.void(key);
        shard.slot(key).writers += 1;
        remove();
        Barrier { flights: self.clone(), key: key.clone() }
    }
}

impl Drop for Barrier {
    /// What began while the barrier was up can't be stored after it. There is nothing to remove:
    /// nothing was stored.
    fn drop(&mut self) {
        let mut shard = self.flights.shard(&self.key);
        shard.void(&self.key);
        if let Some(slot) = shard.slots.get_mut(&self.key) {
            slot.writers -= 1;
            shard.free(&self.key);
        }
    }
}

impl Ticket {
    /// Whether a barrier is up.
    pub(crate) fn is_barred(&self) -> bool {
        self.flights.shard(&self.key).slots.get(&self.key).is_some_and(Slot::is_barred)
    }
}

impl Slot {
    pub(super) fn is_barred(&self) -> bool {
        self.writers > 0
    }
}

impl Shard {
    /// Forgets `key` once nobody needs its slot.
    pub(super) fn free(&mut self, key: &Key) {
        let is_left = |slot: &Slot| slot.tickets == 0 && slot.writers == 0;
        if self.slots.get(key).is_some_and(is_left) {
            self.slots.remove(key);
        }
    }
}
