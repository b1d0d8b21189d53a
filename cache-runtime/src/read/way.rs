//! Whose turn it is: to be served, to wait, or to load.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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

/// A call that finds out how it goes on. The members of a crowd are many, and wait in nothing but this.
pub(super) struct Seeking<'a> {
    read: &'a Read,
    /// Whether it begins anew when it has waited too long: once.
    is_patient: bool,
    seek: Seek<'a>,
}

enum Seek<'a> {
    /// It knows.
    Found(Option<Way>),
    /// It is no read, or one that has a value to replace.
    Apart(Step<'a, Way>),
    /// It looks in the remote tier, or takes what is at hand. Where another flight goes on in place of
    /// its own, or what is at hand may not be taken any more, it begins anew.
    Looks(Step<'a, Option<Way>>),
    /// It waits for its turn.
    Waits(Ticket, Trust),
}

impl Future for Seeking<'_> {
    type Output = Way;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Way> {
        let this = self.get_mut();
        loop {
            this.seek = match &mut this.seek {
                Seek::Found(way) => return way.take().map_or(Poll::Pending, Poll::Ready),
                Seek::Apart(step) => return step.as_mut().poll(context),
                Seek::Looks(step) => match ready!(step.as_mut().poll(context)) {
                    Some(way) => return Poll::Ready(way),
                    None => this.read.begin(),
                },
                Seek::Waits(ticket, trust) => {
                    let limit = this.read.entry.cache.max_load();
                    let turn = ready!(ticket.poll_turn(Some(limit), context));
                    let trust = *trust;
                    match mem::replace(&mut this.seek, Seek::Found(None)) {
                        Seek::Waits(ticket, _) => this.take(turn, ticket, trust),
                        other => other,
                    }
                }
            };
        }
    }
}

impl<'a> Seeking<'a> {
    /// Goes on as it is this member's turn to.
    fn take(&mut self, turn: Turn, ticket: Ticket, trust: Trust) -> Seek<'a> {
        let (read, flight) = (self.read, ticket.flight());
        match turn {
            Turn::Landed => match flight.outcome() {
                Some(Outcome::Merged) | None => {}
                Some(outcome) if read.takes_outcome(outcome) => {
                    return Seek::found(Way::Landed(ticket));
                }
                Some(_) => return Seek::found(read.uncached()),
            },
            // Let the next one try, once.
            Turn::Late if mem::take(&mut self.is_patient) => ticket.detach(),
            Turn::Late => return Seek::found(read.uncached()),
            Turn::Load(permit) => return read.lead(permit, ticket, trust),
            // The feed may have been lost since it was offered.
            Turn::AtHand(entry, _) if !read.entry.cache.is_vouched_for(&entry, trust.since) => {
                flight.withdraw();
            }
            Turn::AtHand(entry, since) => {
                return Seek::Looks(read.take_at_hand(entry, since, ticket));
            }
        }
        drop(ticket);
        read.begin()
    }
}

impl Seek<'_> {
    fn found(way: Way) -> Self {
        Self::Found(Some(way))
    }
}

impl Read {
    /// Waits until the value is there, or it is up to this call to load it.
    pub(super) fn way(&self, mode: Mode) -> Seeking<'_> {
        let has_tier = self.entry.cache.has_tier(self.entry.policy);
        let seek = match mode {
            Mode::Replace(at_hand) => Seek::Apart(Box::pin(self.way_to_replace(*at_hand))),
            _ if !has_tier || self.is_inside_itself(self.flight_id()) => {
                Seek::found(self.uncached())
            }
            Mode::Bypass => Seek::found(self.uncached()),
            Mode::Refresh => Seek::Apart(Box::pin(self.way_to_renew())),
            Mode::Read => self.begin(),
        };
        Seeking { read: self, is_patient: true, seek }
    }

    /// The way of a call that reads.
    pub(super) fn way_of_read(&self) -> Seeking<'_> {
        Seeking { read: self, is_patient: true, seek: self.begin() }
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

    /// Begins to read.
    fn begin(&self) -> Seek<'_> {
        let (joined, trust) = self.join();
        let ticket = match joined {
            Joined::Stored(recalled) => return Seek::found(self.taken(recalled)),
            Joined::First(ticket) | Joined::Member(ticket) => ticket,
        };
        match ticket.flight().turn_now() {
            Some(Turn::Load(permit)) => self.lead(permit, ticket, trust),
            _ => Seek::Waits(ticket, trust),
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
    fn lead(&self, permit: Permit, ticket: Ticket, trust: Trust) -> Seek<'_> {
        self.leads();
        let claim = if ticket.is_barred() { Claim::Barred } else { Claim::Alone };
        let turn = Loading { claim, permit, ticket, trust, early: None };
        if self.entry.cache.remote(self.entry.policy).is_some() {
            return Seek::Looks(boxed(|| self.look(turn)));
        }
        Seek::found(Way::Load(Role::Lead(Box::new(turn))))
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

    /// Whether this call takes what a flight has landed with; counted.
    fn takes_outcome(&self, outcome: &Outcome) -> bool {
        if let Outcome::Found(entry) = outcome {
            self.count(Event::RemoteHit);
            self.count_hit(entry);
        } else {
            self.count(Event::Miss);
        }
        let is_taken = self.accepts(outcome);
        if is_taken {
            self.count(Event::Join);
        }
        is_taken
    }

    fn accepts(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Found(entry) | Outcome::Loaded(entry) => self.takes(entry),
            Outcome::Failed(failure) => (self.form.takes)(failure),
            Outcome::Merged => false,
        }
    }

    /// The way of a call whose flight turns out to have landed in the place of another.
    pub(super) fn landed(&self, outcome: Outcome) -> Way {
        if self.takes_outcome(&outcome) { self.way_to(outcome) } else { self.uncached() }
    }

    /// The same, counted by its caller.
    pub(super) fn way_to(&self, outcome: Outcome) -> Way {
        match outcome {
            _ if !self.accepts(&outcome) => Way::Load(Role::Alone),
            Outcome::Found(entry) | Outcome::Loaded(entry) => Way::Served(entry),
            Outcome::Failed(failure) => Way::Failed(failure),
            Outcome::Merged => Way::Load(Role::Alone),
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
        self.count_hit(&entry);
        entry
    }

    fn count_hit(&self, entry: &Entry) {
        self.counters().found(entry.soft() <= self.entry.cache.clock().now());
    }
}
