//! One load per key and call site, and the one gate through which anything is stored.
//!
//! Every read that finds nothing joins a *flight*. Its first member runs the load, the others wait
//! for what it lands with. Every member, and every write, holds a *ticket*: the right to store
//! under its key. An invalidation voids the tickets of a key and detaches its flights, so that who
//! reads afterwards begins a new flight, and nothing that began before can be stored. Storing and
//! invalidating run under the same lock as the check, so there is no moment in between.

mod barrier;
mod crowd;
mod doubt;
mod few;
mod patience;
mod turn;
mod waking;

use std::any::TypeId;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, OccupiedEntry};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use tokio::time::Sleep;

pub(crate) use barrier::Barrier;
use crowd::Place;
pub(crate) use doubt::Resumed;
use few::Few;
pub(crate) use turn::{Flight, Outcome, Permit, Turn};

use crate::key::{Key, Prehashed};
use crate::sync::{Mutex, MutexGuard};

const SHARDS: usize = 64;

/// What flights are told apart by, beside their key: the call site and the type of the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId {
    pub(crate) site: usize,
    pub(crate) value: TypeId,
    pub(crate) version: u32,
    /// The name of the return type's shape: generic functions have one for each error type.
    pub(crate) shape: &'static str,
    /// One load in the whole fleet: a member that is dropped lets one other load, not a crowd.
    pub(crate) exclusive: bool,
    /// Its value stays in this process: who invalidates the key elsewhere changes no cell for it.
    pub(crate) alone: bool,
    /// How long after its ttl the value may be taken, in milliseconds. Calls by hand bring a policy each.
    pub(crate) stale: u64,
}

impl FlightId {
    /// That of a flight which nobody can join.
    const NOBODYS: Self = Self {
        site: 0,
        value: TypeId::of::<()>(),
        version: 0,
        shape: "",
        exclusive: false,
        alone: false,
        stale: 0,
    };
}

/// All keys under which something is being loaded or written.
pub(crate) struct Flights {
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    invalidations: u64,
    slots: HashMap<Key, Slot, Prehashed>,
}

/// A key that somebody holds a ticket of, or has a barrier around.
struct Slot {
    /// The shard's count when the valid tickets were given out.
    generation: u64,
    /// How often the remote cell has changed meanwhile.
    changes: u64,
    /// How many flights and writes have tickets.
    holders: usize,
    /// How many have put up a barrier: nothing is stored until all have left.
    writers: usize,
    flights: Few<Attached>,
    /// Who waits for the remote cell to change.
    waiting: Vec<Waker>,
}

struct Attached {
    flight: Arc<Flight>,
    /// When it was last certain that its load is newer than every invalidation.
    certain: u64,
    /// The remote cell has changed since: nobody may join it until that is known not to matter.
    in_doubt: bool,
    /// No cell stands for it in the remote tier: who invalidates the key changes none.
    unheard: bool,
}

/// Who may join a flight.
#[derive(Clone, Copy)]
pub(crate) struct Joining {
    pub(crate) id: FlightId,
    /// This moment.
    pub(crate) now: u64,
    /// Flights that were last certain before this moment are left to themselves.
    pub(crate) oldest: u64,
    /// The same, of flights that no change can be told of.
    pub(crate) oldest_unheard: u64,
}

/// What a read that found nothing gets.
pub(crate) enum Joined<T> {
    /// The value, stored by a flight that landed meanwhile.
    Stored(T),
    /// The first place in a flight that begins.
    First(Ticket),
    /// A place in a flight that is under way.
    Member(Ticket),
}

impl Flights {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() })
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        // The map inside the shard goes by the low bits and the topmost ones.
        let index = (key.borrowed().hash() >> 32) as usize % SHARDS;
        self.shards[index].lock()
    }

    /// Joins the flight of `key` and `id`, or begins it, unless `stored` finds a value.
    ///
    /// `stored` runs under the lock that commits hold: a flight that is no longer here has either
    /// stored its value already or never will.
    pub(crate) fn join<T>(
        self: &Arc<Self>,
        key: &Key,
        joining: Joining,
        stored: impl FnOnce() -> Option<T>,
    ) -> Joined<T> {
        let Shard { invalidations, slots } = &mut *self.shard(key);
        let mut slot = slots.entry(key.clone());
        if let Entry::Occupied(slot) = &mut slot
            && let Some(ticket) = Self::find_in(slot.get_mut(), joining)
        {
            return Joined::Member(ticket);
        }
        if let Some(value) = stored() {
            return Joined::Stored(value);
        }
        let slot = slot.or_insert_with(|| Slot::new(*invalidations));
        slot.holders += 1;
        let doubted = slot.in_doubt(joining.id);
        let flight = Flight::new(self.clone(), key.clone(), joining.id, doubted);
        slot.flights.push(Attached {
            flight: flight.clone(),
            certain: joining.now,
            in_doubt: false,
            unheard: false,
        });
        Joined::First(slot.issue(flight))
    }

    /// Joins the flight of `key` and `id`, if there is one.
    pub(crate) fn find(self: &Arc<Self>, key: &Key, joining: Joining) -> Option<Ticket> {
        let mut shard = self.shard(key);
        Self::find_in(shard.slots.get_mut(key)?, joining)
    }

    fn find_in(slot: &mut Slot, joining: Joining) -> Option<Ticket> {
        let attached = slot.flights.iter_mut().find(|it| it.takes(joining))?;
        attached.flight.join();
        let flight = attached.flight.clone();
        Some(slot.issue(flight))
    }

    /// The right to store under `key`, for a write or a load that nobody joins.
    pub(crate) fn ticket(self: &Arc<Self>, key: &Key) -> Ticket {
        self.ticket_in(self.shard(key).slot(key), key)
    }

    /// A ticket of a flight of its own, which nobody can join.
    fn ticket_in(self: &Arc<Self>, slot: &mut Slot, key: &Key) -> Ticket {
        slot.holders += 1;
        slot.issue(Flight::new(self.clone(), key.clone(), FlightId::NOBODYS, Vec::new()))
    }

    /// Voids all tickets of `key`, detaches its flights and runs `remove`, as one step.
    pub(crate) fn invalidate(&self, key: &Key, remove: impl FnOnce()) {
        let mut shard = self.shard(key);
        shard.void(key);
        remove();
    }

    /// How many keys are being loaded or written.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().slots.len()).sum()
    }
}

impl Shard {
    fn slot(&mut self, key: &Key) -> &mut Slot {
        let generation = self.invalidations;
        self.slots.entry(key.clone()).or_insert_with(|| Slot::new(generation))
    }

    fn void(&mut self, key: &Key) {
        self.invalidations += 1;
        if let Some(slot) = self.slots.get_mut(key) {
            slot.generation = self.invalidations;
            slot.flights.clear();
        }
    }
}

/// The right to store under a key, void once the key is invalidated.
pub(crate) struct Ticket {
    flight: Arc<Flight>,
    generation: u64,
    changes: u64,
    /// A barrier was up. One that is put up or taken down later voids the ticket.
    barred: bool,
    /// There is no such ticket any more.
    left: bool,
    /// Where its holder waits for its turn, and what tells it alone that it has waited too long.
    place: Option<Place>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Ticket {
    /// What it is a ticket of.
    pub(crate) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }

    /// Runs `store` unless the key was invalidated, or its remote cell has changed, since the
    /// ticket was given out, or a barrier is up.
    ///
    /// A flight that has stored is over: who comes later reads what it stored. One that a barrier
    /// kept from it is over too: who comes later loads anew.
    pub(crate) fn commit(&self, store: impl FnOnce()) -> bool {
        let mut shard = self.flight.shard();
        let slot = shard.valid(self).filter(|slot| slot.changes == self.changes);
        slot.is_some_and(|slot| slot.store(Some(&self.flight), store))
    }

    /// As [`commit`](Self::commit); the flight goes on, to replace what is stored.
    pub(crate) fn commit_meanwhile(&self, store: impl FnOnce()) -> bool {
        let mut shard = self.flight.shard();
        let slot = shard.valid(self).filter(|slot| slot.changes == self.changes);
        slot.is_some_and(|slot| slot.store(None, store))
    }

    /// As [`commit`](Self::commit), for what is of this process alone: the remote cell may have
    /// changed.
    pub(crate) fn commit_regardless(&self, store: impl FnOnce()) -> bool {
        let mut shard = self.flight.shard();
        shard.valid(self).is_some_and(|slot| slot.store(Some(&self.flight), store))
    }

    /// Runs `store` unless the key was invalidated in this process since the ticket was given out,
    /// and voids every other ticket: what is stored is newer than what any load under way can find.
    pub(crate) fn commit_over(&self, store: impl FnOnce()) -> bool {
        let mut shard = self.flight.shard();
        if shard.valid(self).is_none_or(|slot| slot.is_barred()) {
            return false;
        }
        shard.void(&self.flight.key);
        store();
        true
    }

    /// Whether the key was not invalidated in this process yet.
    pub(crate) fn is_valid(&self) -> bool {
        self.flight.shard().valid(self).is_some()
    }

    /// Ends the flight and gives the ticket back, if nobody else has joined: then nobody waits for
    /// its outcome.
    pub(crate) fn leave_alone(&mut self) -> bool {
        let mut shard = self.flight.shard();
        if let Entry::Occupied(mut slot) = shard.slots.entry(self.flight.key.clone())
            && let Some(attached) = slot.get_mut().attached(&self.flight)
            && attached.flight.has_one_member()
        {
            leave(slot, &self.flight);
            self.left = true;
        }
        self.left
    }

    /// Lets nobody else join this flight.
    pub(crate) fn detach(&self) {
        let mut shard = self.flight.shard();
        if let Some(slot) = shard.slots.get_mut(&self.flight.key) {
            slot.detach(&self.flight);
        }
    }
}

impl Shard {
    fn valid(&mut self, ticket: &Ticket) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(&ticket.flight.key)?;
        (slot.generation == ticket.generation && !ticket.left).then_some(slot)
    }

    /// Takes a ticket back.
    fn leave_slot(&mut self, flight: &Arc<Flight>) {
        if let Entry::Occupied(slot) = self.slots.entry(flight.key.clone()) {
            leave(slot, flight);
        }
    }
}

/// Takes a ticket back, and the slot where it was the last.
fn leave(mut slot: OccupiedEntry<'_, Key, Slot>, flight: &Arc<Flight>) {
    slot.get_mut().leave(flight);
    if slot.get().is_left() {
        slot.remove();
    }
}

impl Attached {
    fn takes(&self, joining: Joining) -> bool {
        let oldest = if self.unheard { joining.oldest_unheard } else { joining.oldest };
        self.flight.id == joining.id && !self.in_doubt && self.certain >= oldest
    }
}

impl Slot {
    fn new(generation: u64) -> Self {
        let (flights, waiting) = (Few::new(), Vec::new());
        Self { generation, changes: 0, holders: 0, writers: 0, flights, waiting }
    }

    /// A ticket of what is counted already.
    fn issue(&self, flight: Arc<Flight>) -> Ticket {
        Ticket {
            flight,
            generation: self.generation,
            changes: self.changes,
            barred: self.is_barred(),
            left: false,
            place: None,
            timer: None,
        }
    }

    /// Runs `store` unless a barrier is up, and lets nobody else join `flight`.
    fn store(&mut self, flight: Option<&Arc<Flight>>, store: impl FnOnce()) -> bool {
        let is_open = !self.is_barred();
        if is_open {
            store();
        }
        if let Some(flight) = flight {
            self.detach(flight);
        }
        is_open
    }

    /// `flight`, while others may join it.
    fn attached(&mut self, flight: &Arc<Flight>) -> Option<&mut Attached> {
        self.flights.iter_mut().find(|it| Arc::ptr_eq(&it.flight, flight))
    }

    fn detach(&mut self, flight: &Arc<Flight>) {
        self.flights.remove(|it| Arc::ptr_eq(&it.flight, flight));
    }

    fn leave(&mut self, flight: &Arc<Flight>) {
        if flight.leave() {
            self.holders -= 1;
            self.detach(flight);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.flight.give_up(place);
        }
        // Of a crowd that has landed, each would wait for the lock.
        if !self.left && !self.flight.leave_others() {
            self.flight.shard().leave_slot(&self.flight);
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;

#[cfg(all(test, shuttle))]
mod model;
