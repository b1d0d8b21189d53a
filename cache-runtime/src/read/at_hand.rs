//! A value that is served while another one is loaded to replace it.
//!
//! It is stale, or it is fresh and its time has come to be replaced. Whoever takes the right to try
//! leads a flight, as for a miss, and offers the value to all that join. What is loaded goes through
//! the gate like any other load, so an invalidation that comes between voids it, and takes what is at
//! hand away.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::attempt::Attempt;
use super::replace::{Replacement, Replacing};
use super::{Loading, Read, Role, Way};
use crate::cache::Cache;
use crate::entry::Entry;
use crate::flight::{Flight, Joined, Outcome, Turn};
use crate::life::State;
use crate::policy::Policy;
use crate::remote::claim::Claim;
use crate::returns::Form;
use crate::stats::Event;

/// A value of the local tier that is to be replaced.
pub(crate) struct AtHand {
    entry: Arc<Entry>,
    /// The right to try. Without, the call waits for whoever has it.
    attempt: Option<Attempt>,
}

/// What an entry is that is more or less than a hit.
pub(crate) enum Past {
    /// As good as none.
    Gone,
    /// A hit all the same, and whether it is stale.
    Hit { stale: bool },
    /// At hand while it is replaced.
    Replace(AtHand),
}

impl Past {
    /// What `entry` is for a call of `policy` and `form`, which takes the right to replace it if it can.
    pub(crate) fn of(entry: &Arc<Entry>, cache: &Cache, policy: Policy, form: &Form) -> Self {
        if !form.takes_entry(entry, policy.version_or_default()) {
            return Self::Gone;
        }
        let now = cache.clock().now();
        let stale = match entry.state(now, policy) {
            State::Expired => return Self::Gone,
            State::Fresh => return Self::Hit { stale: false },
            State::Due => false,
            State::Stale => true,
        };
        let attempt = Attempt::at(entry, cache);
        let waits = stale && policy.patience().is_some();
        if attempt.is_none() && !waits {
            return Self::Hit { stale };
        }
        Self::Replace(AtHand { entry: entry.clone(), attempt })
    }
}

/// Whether the entry at hand is still the one that stands in the local tier.
enum Standing {
    /// Another one does, which is fresh.
    Newer(Arc<Entry>),
    Gone,
}

impl Read {
    /// How a call goes on that has found `at_hand` in the local tier.
    pub(super) async fn way_to_replace(&self, at_hand: AtHand) -> Way {
        let AtHand { entry, attempt } = at_hand;
        let id = self.flight_id();
        if self.is_inside_itself(id) {
            return Way::Served(self.hit(entry));
        }
        let cache = &self.entry.cache;
        let trust = cache.trust(self.entry.policy);
        let joining = cache.joining(id, trust);
        let (flights, key) = (cache.flights(), &self.entry.key);
        let (joined, entry) = match attempt {
            None => (flights.find(key, joining), entry),
            Some(attempt) => match flights.join(key, joining, || self.standing(&entry)) {
                Joined::First(ticket) => match ticket.flight().turn_now() {
                    Some(Turn::Load(permit)) => {
                        let claim = Claim::Alone;
                        let turn = Loading { claim, permit, ticket, trust, early: None };
                        return self.replacing(Box::new(turn), entry, attempt);
                    }
                    // Who joined it right away was faster.
                    _ => (None, entry),
                },
                Joined::Member(ticket) => (Some(ticket), entry),
                Joined::Stored(Standing::Gone) => (None, entry),
                Joined::Stored(Standing::Newer(newer)) => (None, newer),
            },
        };
        let taken = match joined {
            Some(ticket) => {
                let flight = ticket.flight();
                let since = flight.offers_since().unwrap_or_else(|| cache.clock().now());
                self.wait_or_take(flight, &entry, since).await
            }
            None => Some(self.hit(entry)),
        };
        match taken {
            Some(entry) => Way::Served(entry),
            None => self.way_of_read().await,
        }
    }

    /// Nothing if `entry` still stands in the local tier: under the lock that invalidations hold, so
    /// that nobody is offered it who comes after one.
    fn standing(&self, entry: &Arc<Entry>) -> Option<Standing> {
        let (cache, policy) = (&self.entry.cache, self.entry.policy);
        let Some(stands) = cache.entry_at(self.entry.key.borrowed(), policy) else {
            return Some(Standing::Gone);
        };
        if Arc::ptr_eq(&stands, entry) {
            return None;
        }
        let is_fresh = stands.state(cache.clock().now(), policy) == State::Fresh;
        let is_taken = is_fresh && self.takes(&stands);
        Some(if is_taken { Standing::Newer(stands) } else { Standing::Gone })
    }

    /// Offers `entry` to all members of the flight, which is to replace it.
    fn replacing(&self, mut turn: Box<Loading>, entry: Arc<Entry>, attempt: Attempt) -> Way {
        let now = self.entry.cache.clock().now();
        turn.early = Some(entry.soft().saturating_sub(now));
        turn.ticket.offer(&entry, now);
        Way::Replace(Box::new(Replacing {
            is_stale: entry.soft() <= now,
            end: entry.end(self.entry.policy),
            patience: self.patience(&entry, now),
            at_hand: entry,
            load: Replacement { turn, attempt },
        }))
    }

    /// Serves what the remote tier held, and replaces it unless that was tried a short while ago. A
    /// load that replaces one already offers this one where the other was taken back.
    pub(super) fn take_or_replace(&self, turn: Box<Loading>, entry: Arc<Entry>) -> Way {
        if turn.early.is_some() {
            if turn.ticket.flight().offers_since().is_none() {
                turn.ticket.offer(&entry, self.entry.cache.clock().now());
            }
            return Way::Load(Role::Lead(turn));
        }
        match Attempt::under(&self.entry.key, &entry, &self.entry.cache) {
            Some(attempt) => self.replacing(turn, entry, attempt),
            None => self.serve(*turn, entry),
        }
    }

    /// How long a caller waits who could take `entry`, since the load has begun.
    fn patience(&self, entry: &Entry, since: u64) -> Option<Duration> {
        let now = self.entry.cache.clock().now();
        let is_stale = entry.soft() <= now;
        let patience = self.entry.policy.patience().filter(|_| is_stale)?;
        // It takes the value within its window.
        let left = entry.end(self.entry.policy).saturating_sub(now);
        let patience = patience.saturating_sub(now.saturating_sub(since)).min(left);
        (patience > 0).then(|| Duration::from_millis(patience))
    }

    /// The value that a flight brings in time, else `entry`; nothing if that has expired already.
    pub(super) async fn wait_or_take(
        &self,
        flight: &Arc<Flight>,
        entry: &Arc<Entry>,
        since: u64,
    ) -> Option<Arc<Entry>> {
        if entry.end(self.entry.policy) <= self.entry.cache.clock().now() || !self.takes(entry) {
            return None;
        }
        self.has_at_hand();
        // No longer than the window: what is late by the length of a timer is not.
        if let Some(patience) = self.patience(entry, since)
            && let Ok(Some(outcome)) = timeout(patience, flight.landing()).await
            && let Some(brought) = self.brought(outcome)
        {
            return Some(brought);
        }
        Some(self.hit(entry.clone()))
    }

    /// The value, if it is one, that another call's load has brought.
    fn brought(&self, outcome: Outcome) -> Option<Arc<Entry>> {
        let (event, entry) = match outcome {
            Outcome::Loaded(entry) => (Event::Miss, entry),
            Outcome::Found(entry) => (Event::Hit, entry),
            Outcome::Failed(_) | Outcome::Merged => return None,
        };
        if !self.takes(&entry) {
            return None;
        }
        self.count(event);
        self.count(Event::Join);
        Some(entry)
    }
}
