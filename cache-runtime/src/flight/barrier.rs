//! Barriers around writes: while one is up, loads of its key run and are not stored.

use std::sync::Arc;

use super::{Flights, Shard, Slot, Ticket};
use crate::key::Key;

/// A writer's place in the barrier of a key. Dropped, it leaves.
pub(crate) struct Barrier {
    /// Void once anybody else has entered or left, or the key was invalidated.
    ticket: Ticket,
    is_in: bool,
}

impl Flights {
    /// Puts up a barrier, or joins it: voids all tickets of `key`, detaches its flights and runs
    /// `remove`, as one step.
    pub(crate) fn enter(self: &Arc<Self>, key: &Key, remove: impl FnOnce()) -> Barrier {
        let mut shard = self.shard(key);
        shard.void(key);
        // It may panic: there is nothing to take back yet.
        remove();
        let slot = shard.slot(key);
        slot.writers += 1;
        let ticket = self.ticket_in(slot, key);
        Barrier { ticket, is_in: true }
    }
}

impl Barrier {
    /// Leaves, and runs `store` if nobody else was in meanwhile and the key was not invalidated:
    /// what this writer wrote is the newest then. Answers whether it did.
    pub(crate) fn leave_with(mut self, store: impl FnOnce()) -> bool {
        let mut shard = self.ticket.flight.shard();
        let is_alone = shard.valid(&self.ticket).is_some_and(|slot| slot.writers == 1);
        shard.leave(&self.ticket.flight.key);
        // Also where what it stores panics.
        self.is_in = false;
        if is_alone {
            store();
        }
        drop(shard);
        is_alone
    }
}

impl Drop for Barrier {
    /// There is nothing to remove: nothing was stored.
    fn drop(&mut self) {
        if self.is_in {
            self.ticket.flight.shard().leave(&self.ticket.flight.key);
        }
    }
}

impl Ticket {
    /// Whether a barrier is up; once it is down, the ticket is void.
    pub(crate) fn is_barred(&self) -> bool {
        self.barred
    }
}

impl Slot {
    pub(super) fn is_barred(&self) -> bool {
        self.writers > 0
    }

    /// Whether nobody needs it any more.
    pub(super) fn is_left(&self) -> bool {
        self.holders == 0 && self.writers == 0
    }
}

impl Shard {
    /// Takes a writer out of the barrier of `key`. What began while it was up can't be stored after
    /// it.
    fn leave(&mut self, key: &Key) {
        self.void(key);
        if let Some(slot) = self.slots.get_mut(key) {
            slot.writers -= 1;
        }
    }
}
