//! One flight: who loads, who waits, and what it lands with.

use std::future::{Future, poll_fn};
use std::mem;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;

use super::crowd::{Crowd, Place};
use super::patience::Alarm;
use super::waking::Woken;
use super::{FlightId, Flights, Shard};
use crate::entry::Entry;
use crate::failure::Failure;
use crate::key::Key;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// How many members of a flight may load at once after one of them left it without an outcome.
const SEVERAL: usize = 8;

/// A load under way, and those who wait for it.
pub(crate) struct Flight {
    /// How many hold a ticket of it. It is raised, and falls to 0, under the lock of the key's shard
    /// alone.
    members: AtomicU64,
    /// Set under the lock of `state`, and read without.
    outcome: OnceLock<Outcome>,
    flights: Arc<Flights>,
    pub(super) key: Key,
    pub(super) id: FlightId,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    seen: Seen,
    /// The flights in doubt that nobody could join when this one began.
    doubted: Vec<Arc<Flight>>,
    /// What can be served while the flight is under way, and since when.
    at_hand: Option<(Arc<Entry>, u64)>,
    running: usize,
    limit: usize,
    /// Who waits, once somebody has.
    pub(super) crowd: Option<Box<Crowd>>,
}

impl State {
    fn new(doubted: Vec<Arc<Flight>>) -> Self {
        Self { seen: Seen::Nothing, doubted, at_hand: None, running: 0, limit: 1, crowd: None }
    }
}

/// The remote cell that was there before the loads of a flight began. While it stands, nothing was
/// invalidated since.
enum Seen {
    Nothing,
    /// Seen by so many of the loads that have not ended.
    Cell(Bytes, usize),
    /// One load saw another cell than the others, or none.
    Unlike,
}

/// How a flight landed.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// Another flight of the key goes on: to be joined.
    Merged,
    /// A value that the remote tier held.
    Found(Arc<Entry>),
    /// A value that was loaded.
    Loaded(Arc<Entry>),
    /// An error.
    Failed(Failure),
}

/// What a member does next.
pub(crate) enum Turn {
    /// Run the load.
    Load(Permit),
    /// Take what another member's load ended in.
    Landed,
    /// Take a value that is being replaced, and has been since this moment.
    AtHand(Arc<Entry>, u64),
    /// Wait no longer: that has taken long enough.
    Late,
}

impl Flight {
    pub(super) fn new(
        flights: Arc<Flights>,
        key: Key,
        id: FlightId,
        doubted: Vec<Arc<Self>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            flights,
            key,
            id,
            members: AtomicU64::new(1),
            outcome: OnceLock::new(),
            state: Mutex::new(State::new(doubted)),
        })
    }

    /// What is under way for its key and some others, locked.
    pub(super) fn shard(&self) -> MutexGuard<'_, Shard> {
        self.flights.shard(&self.key)
    }

    /// Counts one that joins, under the lock of the key's shard.
    pub(super) fn join(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one that leaves, under the lock of the key's shard; whether it was the last.
    pub(super) fn leave(&self) -> bool {
        self.members.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Counts one that leaves, without the lock, unless it is the last.
    pub(super) fn leave_others(&self) -> bool {
        let others = |members: u64| (members > 1).then(|| members - 1);
        self.members.fetch_update(Ordering::Relaxed, Ordering::Relaxed, others).is_ok()
    }

    /// Whether nobody else has joined, under the lock of the key's shard.
    pub(super) fn has_one_member(&self) -> bool {
        self.members.load(Ordering::Relaxed) == 1
    }

    /// What it has landed with, if it has.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.get()
    }

    /// What a flight in doubt, when this one began, has landed with since, if it saw `cell`.
    pub(super) fn doubted_outcome(&self, cell: &Bytes) -> Option<Outcome> {
        let doubted = self.state.lock().doubted.clone();
        let seen = doubted.iter().filter(|flight| flight.has_seen(cell));
        // One that has merged may have merged into this one.
        seen.filter_map(|flight| flight.outcome.get())
            .find(|outcome| !matches!(outcome, Outcome::Merged))
            .cloned()
    }

    /// A member's turn, if it has come.
    pub(crate) fn turn_now(self: &Arc<Self>) -> Option<Turn> {
        self.landed().or_else(|| self.next_turn(&mut self.state.lock(), None))
    }

    fn landed(&self) -> Option<Turn> {
        self.outcome.get().map(|_| Turn::Landed)
    }

    fn next_turn(self: &Arc<Self>, state: &mut State, place: Option<Place>) -> Option<Turn> {
        // It may have landed before the lock was taken; from now on it can't.
        if let Some(landed) = self.landed() {
            return Some(landed);
        }
        if let Some((entry, since)) = &state.at_hand {
            return Some(Turn::AtHand(entry.clone(), *since));
        }
        if state.running < state.limit {
            state.running += 1;
            return Some(Turn::Load(Permit { flight: Some(self.clone()), seen: None }));
        }
        let crowd = state.crowd.as_ref();
        place.zip(crowd).is_some_and(|(place, crowd)| crowd.is_late(place)).then_some(Turn::Late)
    }

    /// The turn of a member that waits at `place`, and is given one if it has none yet.
    pub(super) fn poll_turn(
        self: &Arc<Self>,
        place: &mut Option<Place>,
        context: &mut Context<'_>,
    ) -> Poll<Turn> {
        if let Some(landed) = self.landed() {
            return Poll::Ready(landed);
        }
        let mut state = self.state.lock();
        let Some(turn) = self.next_turn(&mut state, *place) else {
            let crowd = state.crowd();
            let place = *place.get_or_insert_with(|| crowd.next_place());
            crowd.wait_at(place, context.waker().clone());
            return Poll::Pending;
        };
        if let Some(place) = place.take() {
            state.leave(place);
        }
        Poll::Ready(turn)
    }

    /// Takes a place back from who waits no more. A turn that came for it is the next one's.
    pub(super) fn give_up(&self, place: Place) {
        // Once it has landed, nobody has a place or a turn to pass on.
        if self.outcome.get().is_some() {
            return;
        }
        let mut state = self.state.lock();
        if state.leave(place) || self.outcome.get().is_some() {
            return;
        }
        // It was woken to load, and won't.
        let free = state.free();
        let woken = state.take_waiting(free);
        drop(state);
        woken.wake();
    }

    /// Ends the wait of those whom this alarm tells, and of all who came before them.
    pub(super) fn end_waiting(&self, is_it: &dyn Fn(&Alarm) -> bool) {
        let told = self.state.lock().crowd.as_mut().map(|crowd| crowd.told_by(is_it));
        told.unwrap_or_default().wake();
    }

    /// Lets all members have `entry` while the load that is to replace it is under way, which has
    /// begun at the moment `now`. Answers who is to be woken.
    pub(super) fn offer(&self, entry: Arc<Entry>, now: u64) -> Woken {
        let mut state = self.state.lock();
        state.at_hand = Some((entry, now));
        state.take_waiting(usize::MAX)
    }

    /// Since when there is something at hand, if there is.
    pub(crate) fn offers_since(&self) -> Option<u64> {
        self.state.lock().at_hand.as_ref().map(|(_, since)| *since)
    }

    /// Takes back what was offered: it has expired, or may have been invalidated.
    pub(crate) fn withdraw(&self) {
        self.state.lock().at_hand = None;
    }

    /// Whether more than one member loads.
    pub(super) fn runs_several_loads(&self) -> bool {
        self.state.lock().running > 1
    }

    /// Waits for the outcome of the load that is under way; `None` once it has ended without one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub(crate) fn landing(&self) -> impl Future<Output = Option<Outcome>> {
        poll_fn(|context| {
            let mut state = self.state.lock();
            let outcome = self.outcome.get();
            if outcome.is_some() || state.running == 0 {
                return Poll::Ready(outcome.cloned());
            }
            state.crowd().wait_for_landing(context.waker());
            Poll::Pending
        })
    }

    /// Notes that the load that is about to begin saw `cell` in place of `before`. What is seen after it has
    /// landed says nothing of what it landed with.
    pub(super) fn saw(&self, before: Option<&Bytes>, cell: Option<Bytes>) {
        let mut state = self.state.lock();
        if self.outcome.get().is_some() {
            return;
        }
        state.seen = match (mem::replace(&mut state.seen, Seen::Unlike), cell) {
            (Seen::Nothing, Some(cell)) => Seen::Cell(cell, 1),
            // It sees the same once more, or is the only one that saw what it saw before.
            (Seen::Cell(seen, by), Some(cell)) if before == Some(&cell) && seen == cell => {
                Seen::Cell(cell, by)
            }
            (Seen::Cell(seen, 1), Some(cell)) if before == Some(&seen) => Seen::Cell(cell, 1),
            (Seen::Cell(seen, by), Some(cell)) if seen == cell => Seen::Cell(cell, by + 1),
            _ => Seen::Unlike,
        };
    }

    /// Whether what it has landed with, or else all that may land, began after `cell` was there.
    pub(super) fn has_seen(&self, cell: &Bytes) -> bool {
        let state = self.state.lock();
        let is_certain = |by| self.outcome.get().is_some() || by >= state.running;
        matches!(&state.seen, Seen::Cell(seen, by) if seen == cell && is_certain(*by))
    }

    fn land(&self, outcome: Option<Outcome>, limit: usize, has_seen: bool) {
        let mut state = self.state.lock();
        state.running -= 1;
        if self.outcome.get().is_none() {
            state.seen.end_of_load(outcome.is_some(), has_seen);
        }
        let mut crowd = None;
        let woken = match outcome {
            Some(outcome) => {
                self.outcome.get_or_init(|| outcome);
                state.doubted.clear();
                crowd = state.crowd.take();
                crowd.as_mut().map(|crowd| crowd.at_the_end(usize::MAX))
            }
            None => {
                state.limit = state.limit.max(limit);
                let free = state.free();
                state.crowd.as_mut().map(|crowd| crowd.at_the_end(free))
            }
        };
        drop(state);
        // Its alarms are taken back without the lock.
        drop(crowd);
        woken.unwrap_or_default().wake();
    }
}

impl Seen {
    /// Notes that a load has ended, which had seen a cell or none.
    fn end_of_load(&mut self, has_landed: bool, has_seen: bool) {
        match self {
            _ if has_landed && !has_seen => *self = Self::Unlike,
            Self::Cell(_, by) if !has_landed && has_seen => *by -= 1,
            _ => {}
        }
    }
}

impl State {
    /// Who waits.
    pub(super) fn crowd(&mut self) -> &mut Crowd {
        self.crowd.get_or_insert_default()
    }

    /// How many may load beside those who do.
    fn free(&self) -> usize {
        self.limit.saturating_sub(self.running)
    }

    /// Takes so many of those who wait.
    fn take_waiting(&mut self, turns: usize) -> Woken {
        self.crowd.as_mut().map(|crowd| crowd.take(turns)).unwrap_or_default()
    }

    /// Takes back a place; whether it had not been woken yet.
    fn leave(&mut self, place: Place) -> bool {
        self.crowd.as_mut().is_some_and(|crowd| crowd.leave(place))
    }
}

/// The right to run a flight's load. Dropped without an outcome, it passes to the others.
pub(crate) struct Permit {
    flight: Option<Arc<Flight>>,
    /// The remote cell as the load saw it before it began.
    seen: Option<Bytes>,
}

impl Permit {
    /// Notes what the remote cell is before the load begins; `None` if that is not known.
    pub(crate) fn saw(&mut self, cell: Option<Bytes>) {
        if let Some(flight) = &self.flight {
            flight.saw(self.seen.as_ref(), cell.clone());
            self.seen = cell;
        }
    }

    /// Ends in nothing that others can be given: they load for themselves.
    pub(crate) fn give_up(mut self) {
        if let Some(flight) = self.flight.take() {
            flight.land(None, SEVERAL, self.seen.is_some());
        }
    }

    /// Ends with the flight, which nobody else has joined or can join any more.
    pub(crate) fn leave_alone(mut self) {
        self.flight = None;
    }

    /// Whether other members may load at the same time.
    pub(crate) fn is_one_of_many(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.state.lock().limit > 1)
    }

    /// Ends the flight: all that wait get `outcome`.
    pub(crate) fn land(mut self, outcome: Outcome) {
        if let Some(flight) = self.flight.take() {
            flight.land(Some(outcome), SEVERAL, self.seen.is_some());
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            let limit = if flight.id.exclusive { 1 } else { SEVERAL };
            flight.land(None, limit, self.seen.is_some());
        }
    }
}
