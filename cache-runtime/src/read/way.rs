//! Whose turn it is: to be served, to wait, or to load.

use std::future::ready;
use std::mem;
use std::sync::Arc;

use super::glance::Glanced;
use super::{Loading, Mode, Read, Renewing, Role, Step, Way};
use crate::boxed::boxed;
use crate::entry::Entry;
use crate::entry_ref::AnyEntryRef;
use crate::failure::Failure;
use crate::flight::{Flight, Joined, Outcome, Ticket, Turn};
use crate::remote::claim::Claim;
use crate::remote::feed::Trust;
use crate::stats::Event;

/// What the local tier holds for a call that joins a flight.
enum Recalled {
    Value(Arc<Entry>),
    /// An error that is remembered.
    Error(Failure),
}

/// How a call goes on whose turn has come.
enum Next<'a> {
    Way(Way),
    /// It joins another flight.
    Join,
    /// It does this, and then knows its way, or joins another flight.
    Step(Step<'a, Option<Way>>),
}

impl Read {
    /// Waits until the value is there, or it is up to this call to load it.
    pub(super) fn way(&self, mode: Mode) -> Step<'_, Way> {
        let has_tier = self.entry.cache.has_tier(self.entry.policy);
        match mode {
            Mode::Replace(at_hand) => Box::pin(self.way_to_replace(*at_hand)),
            _ if !has_tier || self.is_inside_itself(self.flight_id()) => {
                Box::pin(ready(self.uncached()))
            }
            Mode::Bypass => Box::pin(ready(self.uncached())),
            Mode::Refresh => Box::pin(self.way_to_renew()),
            Mode::Read => match self.glances_at() {
                Some(tier) => boxed(|| self.way_by_glance(tier)),
                None => boxed(|| self.way_of_read(None)),
            },
        }
    }

    fn uncached(&self) -> Way {
        self.leads();
        self.count(Event::Bypass);
        Way::Load(Role::Alone)
    }

    async fn way_to_renew(&self) -> Way {
        self.leads();
        let AnyEntryRef { cache, policy, key, .. } = &self.entry;
        let trust = cache.trust(*policy);
        let ticket = cache.flights().ticket(key);
        let claim = match cache.remote(*policy) {
            Some(tier) => tier.claim_to_write(key, *policy).await,
            None => Claim::Alone,
        };
        Way::Load(Role::Renew(Box::new(Renewing { claim, ticket, trust })))
    }

    pub(super) async fn way_of_read(&self, mut glanced: Option<Box<Glanced>>) -> Way {
        let mut patient = true;
        loop {
            self.follows();
            let cache = &self.entry.cache;
            let trust = cache.trust(self.entry.policy);
            let joining = cache.joining(self.flight_id(), trust);
            let stored = || self.recalled();
            // Without a name for what is matched, which those who wait would hold beside its parts.
            let (ticket, flight) = match cache.flights().join(&self.entry.key, joining, stored) {
                Joined::Stored(recalled) => return self.taken(recalled),
                Joined::First(ticket, flight) | Joined::Member(ticket, flight) => (ticket, flight),
            };
            let turn = match flight.turn_now() {
                Some(turn) => turn,
                None => flight.turn_within(cache.max_load()).await,
            };
            if matches!(turn, Turn::Late) && !mem::take(&mut patient) {
                return self.uncached();
            }
            match self.next(turn, ticket, trust, &flight, &mut glanced) {
                Next::Way(way) => return way,
                Next::Join => {}
                Next::Step(step) => {
                    if let Some(way) = step.await {
                        return way;
                    }
                }
            }
        }
    }

    /// How a call goes on whose turn has come. No `async fn`: those who wait would hold it, too.
    fn next<'a>(
        &'a self,
        turn: Turn<'a>,
        ticket: Ticket,
        trust: Trust,
        flight: &'a Arc<Flight>,
        glanced: &mut Option<Box<Glanced>>,
    ) -> Next<'a> {
        let cache = &self.entry.cache;
        match turn {
            Turn::Load(permit) => {
                self.leads();
                let claim = if ticket.is_barred() { Claim::Barred } else { Claim::Alone };
                let turn = Loading { claim, permit, ticket, trust, early: None };
                if cache.remote(self.entry.policy).is_none() {
                    return Next::Way(Way::Load(Role::Lead(Box::new(turn))));
                }
                Next::Step(boxed(|| self.look(turn, flight, glanced.take())))
            }
            // The feed may have been lost since it was offered.
            Turn::AtHand(entry, _) if !cache.is_vouched_for(&entry, trust.since) => {
                flight.withdraw();
                Next::Join
            }
            Turn::AtHand(entry, since) => Next::Step(Box::pin(async move {
                let taken = self.wait_or_take(flight, &entry, since).await;
                if taken.is_none() {
                    flight.withdraw();
                }
                drop(ticket); // it was a member as long as it waited
                taken.map(Way::Served)
            })),
            Turn::Landed(Outcome::Merged) => Next::Join,
            // Let the next one try, once.
            Turn::Late => {
                ticket.detach();
                Next::Join
            }
            Turn::Landed(outcome) => Next::Way(self.landed(outcome)),
        }
    }

    pub(super) fn landed(&self, outcome: &Outcome) -> Way {
        let served = |entry: &Arc<Entry>| self.takes(entry).then(|| Way::Served(entry.clone()));
        let (event, way) = match outcome {
            Outcome::Found(entry) => {
                self.count(Event::RemoteHit);
                (Event::Hit, served(entry))
            }
            Outcome::Loaded(entry) => (Event::Miss, served(entry)),
            Outcome::Failed(failure) => {
                let is_taken = (self.form.takes)(failure);
                (Event::Miss, is_taken.then(|| Way::Failed(failure.clone())))
            }
            Outcome::Merged => (Event::Miss, None),
        };
        self.count(event);
        match way {
            Some(way) => {
                self.count(Event::Join);
                way
            }
            None => self.uncached(),
        }
    }

    /// What the local tier holds, if this call can take it.
    fn recalled(&self) -> Option<Recalled> {
        let AnyEntryRef { cache, policy, key, .. } = &self.entry;
        if !cache.has_local() {
            return None;
        }
        if let Some(entry) = cache.entry_at(key.borrowed(), *policy)
            && self.takes(&entry)
        {
            return Some(Recalled::Value(entry));
        }
        self.err_ttl?;
        let failure = cache.remembered(key.borrowed(), self.entry.version())?;
        (self.form.takes)(&failure).then_some(Recalled::Error(failure))
    }

    fn taken(&self, recalled: Recalled) -> Way {
        match recalled {
            Recalled::Value(entry) => Way::Served(self.hit(entry)),
            Recalled::Error(failure) => {
                self.count(Event::Miss);
                self.count(Event::Join);
                Way::Failed(failure)
            }
        }
    }

    /// `entry`, counted as a hit.
    pub(super) fn hit(&self, entry: Arc<Entry>) -> Arc<Entry> {
        self.counters().found(entry.soft() <= self.entry.cache.clock().now());
        entry
    }
}
