//! Those who wait for a flight. Most flights have none.

use std::collections::VecDeque;
use std::mem;
use std::num::NonZeroU64;
use std::task::Waker;

use tokio::runtime::Id;

use super::patience::Alarm;
use super::waking::Woken;

/// Where one waits. Places are given out in ascending order.
pub(super) type Place = NonZeroU64;

/// Who waits, each at its place.
pub(super) type Waiters = VecDeque<(Place, Waker)>;

#[derive(Default)]
pub(super) struct Crowd {
    /// Who waits for the end of the load alone.
    landing: Vec<Waker>,
    /// In the order they came. One that is not here any more has been woken.
    waiting: Waiters,
    arrivals: u64,
    /// Who waits at this place, or at one before it, has waited too long.
    late: Option<Place>,
    /// What tells of it.
    pub(super) alarms: Vec<Alarm>,
}

impl Crowd {
    /// How many have begun to wait.
    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// A place behind all others.
    pub(super) fn next_place(&mut self) -> Place {
        self.arrivals += 1;
        Place::MIN.saturating_add(self.arrivals - 1)
    }

    pub(super) fn wait_at(&mut self, place: Place, waker: Waker) {
        if self.waiting.back().is_none_or(|(last, _)| *last < place) {
            return self.waiting.push_back((place, waker));
        }
        match self.waiting.binary_search_by_key(&place, |(place, _)| *place) {
            Ok(at) => self.waiting[at].1 = waker,
            Err(at) => self.waiting.insert(at, (place, waker)),
        }
    }

    /// Takes back a place; whether it had not been woken yet.
    pub(super) fn leave(&mut self, place: Place) -> bool {
        let at = self.waiting.binary_search_by_key(&place, |(place, _)| *place);
        at.is_ok_and(|at| self.waiting.remove(at).is_some())
    }

    pub(super) fn wait_for_landing(&mut self, waker: &Waker) {
        self.landing.retain(|waiting| !waiting.will_wake(waker));
        self.landing.push(waker.clone());
    }

    /// Takes so many of those who wait, and all who wait for the end of the load alone.
    pub(super) fn at_the_end(&mut self, turns: usize) -> Woken {
        Woken { others: mem::take(&mut self.landing), ..self.take(turns) }
    }

    /// Takes so many of those who wait.
    pub(super) fn take(&mut self, turns: usize) -> Woken {
        let waiting = if turns >= self.waiting.len() {
            mem::take(&mut self.waiting)
        } else {
            self.waiting.drain(..turns).collect()
        };
        Woken { waiting, runtime: self.runtime(), others: Vec::new() }
    }

    /// The one that all are of who share an alarm.
    fn runtime(&self) -> Option<Id> {
        let (first, others) = self.alarms.split_first()?;
        others.iter().all(|it| it.runtime == first.runtime).then_some(first.runtime)
    }

    /// Takes those who wait and whom this alarm tells, and all who came before them: they are late.
    pub(super) fn told_by(&mut self, is_it: &dyn Fn(&Alarm) -> bool) -> Woken {
        let told = self.alarms.iter().filter(|alarm| is_it(alarm)).filter_map(|alarm| alarm.last);
        self.late = told.chain(self.late).max();
        self.take(self.waiting.partition_point(|(place, _)| Some(*place) <= self.late))
    }

    /// Whether who waits at this place has waited too long.
    pub(super) fn is_late(&self, place: Place) -> bool {
        Some(place) <= self.late
    }
}

#[cfg(all(test, feature = "moka", feature = "testing", not(shuttle)))]
impl super::Flights {
    /// How many wait for a load of `key`.
    pub(crate) fn waiting(&self, key: &crate::key::Key) -> usize {
        let shard = self.shard(key);
        let flights = shard.slots.get(key).into_iter().flat_map(|slot| slot.flights.iter());
        let waiting = |state: &super::turn::State| {
            state.crowd.as_ref().map_or(0, |crowd| crowd.waiting.len())
        };
        flights.map(|it| waiting(&it.flight.state.lock())).sum()
    }
}
