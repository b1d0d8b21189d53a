//! Whose turn it is: to be served, to wait, or to load.

use std::future::{Future, ready};
use std::mem;
use std::sync::Arc;

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
            Mode::Read => self.way_of_read(),
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

    /// The way of a call that reads. Who is the first in a flight looks in the remote tier at once, without
    /// what those need who wait.
    pub(super) fn way_of_read(&self) -> Step<'_, Way> {
        let (joined, trust) = self.join();
        let ticket = match joined {
            Joined::Stored(recalled) => return Box::pin(ready(self.taken(recalled))),
            Joined::First(ticket) | Joined::Member(ticket) => ticket,
        };
        match ticket.flight().turn_now() {
            Some(Turn::Load(permit)) => match self.lead(permit, ticket, trust) {
                Ok(turn) => boxed(|| self.way_of_first(turn)),
                Err(way) => Box::pin(ready(way)),
            },
            _ => boxed(|| self.way_of_member(ticket, trust)),
        }
    }

    async fn way_of_first(&self, turn: Loading) -> Way {
        match self.look(turn).await {
            Some(way) => way,
            None => self.way_of_read().await,
        }
    }

    #[allow(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
    fn way_of_member(
        &self,
        mut ticket: Ticket,
        mut trust: Trust,
    ) -> impl Future<Output = Way> + Send {
        async move {
            let mut patient = true;
            loop {
                let cache = &self.entry.cache;
                let step = match ticket.flight().turn_within(cache.max_load()).await {
                    Turn::Landed(Outcome::Merged) => Err(ticket),
                    Turn::Landed(_) => return self.landed(ticket),
                    // Let the next one try, once.
                    Turn::Late if mem::take(&mut patient) => {
                        ticket.detach();
                        Err(ticket)
                    }
                    Turn::Late => return self.uncached(),
                    Turn::Load(permit) => match self.lead(permit, ticket, trust) {
                        Ok(turn) => Ok(boxed(|| self.look(turn)) as Step<'_, _>),
                        Err(way) => return way,
                    },
                    // The feed may have been lost since it was offered.
                    Turn::AtHand(entry, _) if !cache.is_vouched_for(&entry, trust.since) => {
                        ticket.flight().withdraw();
                        Err(ticket)
                    }
                    Turn::AtHand(entry, since) => Ok(self.take_at_hand(entry, since, ticket)),
                };
                match step {
                    Ok(step) => {
                        if let Some(way) = step.await {
                            return way;
                        }
                    }
                    Err(ticket) => drop(ticket),
                }
                (ticket, trust) = match self.join() {
                    (Joined::Stored(recalled), _) => return self.taken(recalled),
                    (Joined::First(ticket) | Joined::Member(ticket), trust) => (ticket, trust),
                };
            }
        }
    }

    /// Joins the flight of the key, unless there is a value.
    fn join(&self) -> (Joined<Recalled>, Trust) {
        self.follows();
        let cache = &self.entry.cache;
        let trust = cache.trust(self.entry.policy);
        let joining = cache.joining(self.flight_id(), trust);
        let joined = cache.flights().join(&self.entry.key, joining, || self.recalled());
        (joined, trust)
    }

    /// Begins to load: to look in the remote tier, if there is one.
    fn lead(&self, permit: Permit, ticket: Ticket, trust: Trust) -> Result<Loading, Way> {
        self.leads();
        let claim = if ticket.is_barred() { Claim::Barred } else { Claim::Alone };
        let turn = Loading { claim, permit, ticket, trust, early: None };
        if self.entry.cache.remote(self.entry.policy).is_some() {
            return Ok(turn);
        }
        Err(Way::Load(Role::Lead(Box::new(turn))))
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

    /// Takes what the flight of `ticket` has landed with, if it can.
    pub(super) fn landed(&self, ticket: Ticket) -> Way {
        let is_taken = match ticket.flight().outcome() {
            Some(Outcome::Found(entry)) => {
                self.count(Event::RemoteHit);
                self.count_hit(entry);
                self.takes(entry)
            }
            outcome => {
                self.count(Event::Miss);
                match outcome {
                    Some(Outcome::Loaded(entry)) => self.takes(entry),
                    Some(Outcome::Failed(failure)) => (self.form.takes)(failure),
                    _ => false,
                }
            }
        };
        if !is_taken {
            return self.uncached();
        }
        self.count(Event::Join);
        Way::Landed(ticket)
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
        self.count_hit(&entry);
        entry
    }

    fn count_hit(&self, entry: &Entry) {
        self.counters().found(entry.soft() <= self.entry.cache.clock().now());
    }
}
