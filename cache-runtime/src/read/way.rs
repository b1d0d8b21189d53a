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
use crate::flight::{Joined, Outcome, Permit, Ticket, Turn};
use crate::remote::claim::Claim;
use crate::remote::feed::Trust;
use crate::stats::Event;

/// What the local tier holds for a call that joins a flight.
enum Recalled {
    Value(Arc<Entry>),
    /// An error that is remembered.
    Error(Failure),
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
            let ticket = match cache.flights().join(&self.entry.key, joining, stored) {
                Joined::Stored(recalled) => return self.taken(recalled),
                Joined::First(ticket) | Joined::Member(ticket) => ticket,
            };
            let next = match ticket.flight().turn_within(cache.max_load()).await {
                Turn::Landed(Outcome::Merged) => continue,
                Turn::Landed(outcome) => return self.landed(outcome),
                // Let the next one try, once.
                Turn::Late if mem::take(&mut patient) => {
                    ticket.detach();
                    continue;
                }
                Turn::Late => return self.uncached(),
                Turn::Load(permit) => self.lead(permit, ticket, trust, &mut glanced),
                // The feed may have been lost since it was offered.
                Turn::AtHand(entry, _) if !cache.is_vouched_for(&entry, trust.since) => {
                    ticket.flight().withdraw();
                    continue;
                }
                Turn::AtHand(entry, since) => self.take_at_hand(entry, since, ticket),
            };
            if let Some(way) = next.await {
                return way;
            }
        }
    }

    /// Begins to load, where there is nothing to be found either. Answers no way where another flight is
    /// to be joined. No `async fn`: those who wait would hold it, too.
    fn lead(
        &self,
        permit: Permit,
        ticket: Ticket,
        trust: Trust,
        glanced: &mut Option<Box<Glanced>>,
    ) -> Step<'_, Option<Way>> {
        self.leads();
        let claim = if ticket.is_barred() { Claim::Barred } else { Claim::Alone };
        let turn = Loading { claim, permit, ticket, trust, early: None };
        if self.entry.cache.remote(self.entry.policy).is_none() {
            return Box::pin(ready(Some(Way::Load(Role::Lead(Box::new(turn))))));
        }
        boxed(|| self.look(turn, glanced.take()))
    }

    /// Takes what is at hand while it is replaced, or what replaces it. Answers no way where it may not be
    /// taken any more.
    fn take_at_hand(&self, entry: Arc<Entry>, since: u64, ticket: Ticket) -> Step<'_, Option<Way>> {
        Box::pin(async move {
            // It is a member as long as it waits.
            let flight = ticket.flight();
            let taken = self.wait_or_take(flight, &entry, since).await;
            if taken.is_none() {
                flight.withdraw();
            }
            taken.map(Way::Served)
        })
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
