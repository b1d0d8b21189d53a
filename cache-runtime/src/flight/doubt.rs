//! What becomes of flights and tickets when the remote cell of their key changes.
//!
//! The change feed says that a cell has changed, not how: it may have been a lease of ours, or the
//! value we filled it with, or an invalidation. So what is under way is put in doubt: nobody joins
//! it, and nothing read before is stored. Who reads next looks at the cell. If that is still the one
//! that each load of the flight saw before it began, nothing was invalidated, and the flight may be
//! joined again.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::waking::wake;
use super::{Flight, FlightId, Flights, Outcome, Slot, Ticket};
use crate::entry::Entry;
use crate::key::Key;

impl Flights {
    /// Puts all that is under way for `key` in doubt and runs `remove`, as one step.
    pub(crate) fn doubt(&self, key: &Key, remove: impl FnOnce()) {
        let mut shard = self.shard(key);
        let woken = shard.slots.get_mut(key).map(Slot::doubt);
        remove();
        drop(shard);
        woken.into_iter().flatten().for_each(wake);
    }

    /// Puts everything in doubt.
    pub(crate) fn doubt_all(&self) {
        for shard in &self.shards {
            let woken: Vec<_> = shard.lock().slots.values_mut().flat_map(Slot::doubt).collect();
            woken.into_iter().for_each(wake);
        }
    }
}

impl Slot {
    /// The flights of `id` that nobody can join for now.
    pub(super) fn in_doubt(&self, id: FlightId) -> Vec<Arc<Flight>> {
        let doubted = self.flights.iter().filter(|it| it.in_doubt && it.flight.id == id);
        doubted.map(|it| it.flight.clone()).collect()
    }

    /// Answers who is to be woken.
    fn doubt(&mut self) -> Vec<Waker> {
        self.changes += 1;
        for attached in self.flights.iter_mut() {
            attached.in_doubt = true;
        }
        mem::take(&mut self.waiting)
    }

    /// Takes out one of those who wait: others of its task have the same waker.
    fn wait_no_more(&mut self, waker: &Waker) {
        let at = self.waiting.iter().position(|waiting| waiting.will_wake(waker));
        at.map(|at| self.waiting.swap_remove(at));
    }
}

/// What has become of a flight that was in doubt.
pub(crate) enum Resumed {
    /// It may be joined again.
    Joinable,
    /// It has landed meanwhile.
    Landed(Outcome),
}

impl Ticket {
    /// Notes that no cell stands for this ticket's flight in the remote tier.
    pub(crate) fn unheard(&self) {
        let mut shard = self.flight.shard();
        if let Some(slot) = shard.slots.get_mut(&self.flight.key)
            && let Some(attached) = slot.attached(&self.flight)
        {
            attached.unheard = true;
        }
    }

    /// Whether the remote cell has changed since the ticket was given out.
    pub(crate) fn is_outdated(&self) -> bool {
        let shard = self.flight.shard();
        shard.slots.get(&self.flight.key).is_some_and(|slot| slot.changes != self.changes)
    }

    /// Lets all members of the flight have `entry` while the load that is to replace it is under
    /// way. Not if the cell has changed since the ticket was given out: then it may be outdated.
    pub(crate) fn offer(&self, entry: &Arc<Entry>, now: u64) {
        let mut shard = self.flight.shard();
        let slot = shard.valid(self).filter(|slot| slot.changes == self.changes);
        let offered = slot.map(|_| self.flight.offer(entry.clone(), now));
        drop(shard);
        offered.unwrap_or_default().wake();
    }

    /// Finds the flight in doubt that saw `cell` before its loads began, where `cell` stood there
    /// after the moment `now`, when the ticket was given out, and nothing was told since. It takes
    /// the place of this ticket's flight, which nobody can join any more then.
    ///
    /// What it offered was there before `cell`, so it offers what `cell` holds in its place.
    pub(crate) fn resume(
        &self,
        cell: &Bytes,
        now: u64,
        at_hand: Option<&Arc<Entry>>,
    ) -> Option<Resumed> {
        let own = &self.flight;
        let mut shard = self.flight.shard();
        let slot = shard.valid(self).filter(|slot| slot.changes == self.changes)?;
        let doubted = slot.flights.iter_mut().find(|it| {
            it.flight.id == own.id && !Arc::ptr_eq(&it.flight, own) && it.flight.has_seen(cell)
        });
        let Some(doubted) = doubted else {
            drop(shard);
            return own.doubted_outcome(cell).map(Resumed::Landed);
        };
        doubted.in_doubt = false;
        doubted.certain = now;
        doubted.flight.withdraw();
        let offered = at_hand.map(|entry| doubted.flight.offer(entry.clone(), now));
        slot.detach(own);
        drop(shard);
        offered.unwrap_or_default().wake();
        Some(Resumed::Joinable)
    }

    /// Makes the ticket as good as one that is given out now, and its flight as good as one that
    /// begins now, for a member that has not looked anywhere yet. Not if the key was invalidated in
    /// this process.
    pub(crate) fn renew(&mut self, now: u64) {
        let mut shard = self.flight.shard();
        let Some(slot) = shard.valid(self) else { return };
        let changes = slot.changes;
        // A load that another member has begun, or has landed with, knows nothing of the change.
        if let Some(attached) = slot.attached(&self.flight)
            && !attached.flight.runs_several_loads()
            && attached.flight.outcome().is_none()
        {
            attached.in_doubt = false;
            attached.certain = now;
            // It was there before the change.
            attached.flight.withdraw();
        }
        drop(shard);
        self.changes = changes;
    }

    /// Waits until the remote cell changes; at once, if it has since the ticket was given out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub(crate) fn changed(&self) -> Changed<'_> {
        Changed { ticket: self, waker: None }
    }
}

/// See [`Ticket::changed`].
pub(crate) struct Changed<'a> {
    ticket: &'a Ticket,
    waker: Option<Waker>,
}

impl Future for Changed<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let ticket = self.ticket;
        let mut shard = ticket.flight.shard();
        match shard.slots.get_mut(&ticket.flight.key) {
            Some(slot) if slot.changes == ticket.changes => {
                if let Some(waker) = self.waker.replace(context.waker().clone()) {
                    slot.wait_no_more(&waker);
                }
                slot.waiting.push(context.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        let Some(waker) = &self.waker else { return };
        let mut shard = self.ticket.flight.shard();
        // Once the cell has changed, it was woken, and waits no more.
        if let Some(slot) = shard.slots.get_mut(&self.ticket.flight.key)
            && slot.changes == self.ticket.changes
        {
            slot.wait_no_more(waker);
        }
    }
}
