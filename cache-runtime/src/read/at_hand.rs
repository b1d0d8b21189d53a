//! A value that is served while another one is loaded to replace it.
//!
//! It is stale, or it is fresh and its time has come to be replaced. Whoever takes the right to try
//! leads a flight, as for a miss, and offers the value to all that join. What is loaded goes through
//! the gate like any other load, so an invalidation that comes between voids it, and takes what is at
//! hand away.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::detached::detached;
use super::{Call, Loading, Way};
use crate::cache::Cache;
use crate::clock::millis;
use crate::entry::Entry;
use crate::flight::{Flight, Joined, Outcome, Turn};
use crate::life::State;
use crate::policy::Policy;
use crate::remote::claim::Claim;
use crate::remote::refresh::Right;
use crate::returns::{Kind, Shape};
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
    /// What `entry` is for a call of `policy`, which takes the right to replace it if it can.
    pub(crate) fn of(entry: &Arc<Entry>, cache: &Cache, policy: Policy) -> Self {
        let now = cache.clock().now();
        let stale = match entry.state(now, policy) {
            State::Expired => return Self::Gone,
            State::Fresh => return Self::Hit { stale: false },
            State::Due => false,
            State::Stale => true,
        };
        let attempt = Attempt::begin(entry, cache);
        let waits = stale && policy.patience().is_some();
        if attempt.is_none() && !waits {
            return Self::Hit { stale };
        }
        Self::Replace(AtHand { entry: entry.clone(), attempt })
    }
}

/// The right to try to replace an entry. Dropped, whatever came of it, nobody tries again for a while.
struct Attempt {
    entry: Arc<Entry>,
    cache: Cache,
}

impl Attempt {
    fn begin(entry: &Arc<Entry>, cache: &Cache) -> Option<Self> {
        let now = cache.clock().now();
        let until = now.saturating_add(millis(cache.max_load()));
        entry.attempt(now, until).then(|| Self { entry: entry.clone(), cache: cache.clone() })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let pause = millis(self.cache.refresh_throttle());
        self.entry.retry_at(self.cache.clock().now().saturating_add(pause));
    }
}

/// What is at hand, and the load that is to replace it.
pub(super) struct Replacing<T> {
    at_hand: T,
    is_stale: bool,
    /// Until when it may be served.
    end: u64,
    /// How long the caller waits for the load.
    patience: Option<Duration>,
    load: Replacement,
}

/// The right to load a value in place of one that is served meanwhile.
struct Replacement {
    turn: Loading,
    flight: Arc<Flight>,
    _attempt: Option<Attempt>,
}

/// Whether the entry at hand is still the one that stands in the local tier.
enum Standing {
    /// Another one does, which is fresh.
    Newer(Arc<Entry>),
    Gone,
}

impl<S: Shape> Call<S> {
    /// How a call goes on that has found `at_hand` in the local tier.
    pub(super) async fn way_to_replace(&self, at_hand: AtHand) -> Way<S::Return> {
        let AtHand { entry, attempt } = at_hand;
        let id = self.flight_id();
        let cache = &self.entry.cache;
        let trust = cache.trust(self.entry.policy);
        let joining = cache.joining(id, trust);
        let joined = match &attempt {
            Some(_) => cache.flights().join(&self.entry.key, joining, || self.standing(&entry)),
            None => match cache.flights().find(&self.entry.key, joining) {
                Some((ticket, flight)) => Joined::Member(ticket, flight),
                None => Joined::Stored(Standing::Gone),
            },
        };
        let taken = match joined {
            Joined::First(ticket, flight) => match flight.turn_now() {
                Some(Turn::Load(permit)) => {
                    let turn = Loading { ticket, permit, claim: Claim::Alone, trust, early: None };
                    return self.replacing(turn, &flight, &entry, attempt);
                }
                _ => self.hit(&entry),
            },
            Joined::Member(_ticket, flight) => {
                let since = flight.offers_since().unwrap_or_else(|| cache.clock().now());
                self.wait_or_take(&flight, &entry, since).await
            }
            Joined::Stored(Standing::Newer(newer)) => self.hit(&newer),
            Joined::Stored(Standing::Gone) => self.hit(&entry),
        };
        match taken {
            Some(returned) => Way::Served(returned),
            None => self.way_of_read(id).await,
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
        let is_taken = is_fresh && self.returned(&stands).is_some();
        Some(if is_taken { Standing::Newer(stands) } else { Standing::Gone })
    }

    /// Offers `entry` to all members of `flight`, which is to replace it.
    fn replacing(
        &self,
        mut turn: Loading,
        flight: &Arc<Flight>,
        entry: &Arc<Entry>,
        attempt: Option<Attempt>,
    ) -> Way<S::Return> {
        let Some(at_hand) = self.returned(entry) else { return Way::Load(turn) };
        let now = self.entry.cache.clock().now();
        turn.early = Some(entry.soft().saturating_sub(now));
        turn.ticket.offer(entry, now);
        Way::Replace(Replacing {
            at_hand,
            is_stale: entry.soft() <= now,
            end: entry.end(self.entry.policy),
            patience: self.patience(entry, now),
            load: Replacement { turn, flight: flight.clone(), _attempt: attempt },
        })
    }

    /// As [`replacing`](Self::replacing), of an entry that the remote tier held. A load that replaces
    /// one already offers this one where the other was taken back.
    pub(super) fn replacing_found(
        &self,
        turn: Loading,
        flight: &Arc<Flight>,
        entry: &Arc<Entry>,
    ) -> Way<S::Return> {
        if turn.early.is_some() {
            if flight.offers_since().is_none() {
                turn.ticket.offer(entry, self.entry.cache.clock().now());
            }
            return Way::Load(turn);
        }
        let attempt = Attempt::begin(entry, &self.entry.cache);
        self.replacing(turn, flight, entry, attempt)
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
        entry: &Entry,
        since: u64,
    ) -> Option<S::Return> {
        if entry.end(self.entry.policy) <= self.entry.cache.clock().now() {
            return None;
        }
        self.settings.has_at_hand();
        // No longer than the window: what is late by the length of a timer is not.
        if let Some(patience) = self.patience(entry, since)
            && let Ok(Some(outcome)) = timeout(patience, flight.landing()).await
            && let Some(returned) = self.brought(outcome)
        {
            return Some(returned);
        }
        self.hit(entry)
    }

    /// The value, if it is one, that another call's load has brought.
    fn brought(&self, outcome: Outcome) -> Option<S::Return> {
        let (event, entry) = match outcome {
            Outcome::Loaded(entry) => (Event::Miss, entry),
            Outcome::Found(entry) => (Event::Hit, entry),
            Outcome::Failed(_) | Outcome::Merged => return None,
        };
        let returned = self.returned(&entry)?;
        self.count(event);
        self.count(Event::Join);
        Some(returned)
    }

    /// Takes what is at hand, after its patience, and leaves the load to the runtime.
    pub(super) async fn replace_there<F>(
        self,
        replacing: Replacing<S::Return>,
        body: F,
    ) -> S::Return
    where
        S: 'static,
        F: Future<Output = S::Return> + Send + 'static,
        S::Return: Send,
    {
        let Replacing { at_hand, is_stale, patience, load, .. } = replacing;
        self.settings.has_at_hand();
        let (site, cache) = (self.site, self.entry.cache.clone());
        let mut load = detached(cache.max_load(), self.replace(load, body));
        if let Some(patience) = patience
            && let Ok(Ok(returned)) = timeout(patience, &mut load).await
        {
            site.counters(&cache).add(Event::Miss);
            return returned;
        }
        site.counters(&cache).found(is_stale);
        at_hand
    }

    /// Loads in place, since it can't be left to the runtime; takes what is at hand if that fails.
    pub(super) async fn replace_here<F>(self, replacing: Replacing<S::Return>, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        let Replacing { at_hand, is_stale, end, load, .. } = replacing;
        let (site, cache) = (self.site, self.entry.cache.clone());
        let replaced = self.replace(load, body).await;
        let is_over = end <= cache.clock().now();
        match replaced {
            Ok(returned) => {
                site.counters(&cache).add(Event::Miss);
                returned
            }
            Err(Some(failed)) if is_over => {
                site.counters(&cache).add(Event::Miss);
                failed
            }
            Err(_) => {
                site.counters(&cache).found(is_stale);
                at_hand
            }
        }
    }

    /// Loads what is to replace a value, and stores it. Where there is no new one, what the function
    /// answered, if it was asked.
    async fn replace<F>(self, load: Replacement, body: F) -> Result<S::Return, Option<S::Return>>
    where
        F: Future<Output = S::Return>,
    {
        let cache = self.entry.cache.clone();
        let right = match cache.remote(self.entry.policy) {
            Some(tier) => tier.refresh_right(&self.entry.key, self.entry.policy).await,
            None => Right::Unknown,
        };
        let renewal = match right {
            Right::Ours(renewal) => renewal,
            // Without a local tier, nothing here would remember that it was in vain.
            Right::Unknown if cache.has_local() => return self.replace_now(load, body).await,
            Right::Unknown | Right::Elsewhere => return Err(None),
        };
        let replaced = renewal.keep_while(self.replace_now(load, body), cache.max_load()).await;
        if replaced.is_err() {
            renewal.failed(cache.refresh_throttle());
        }
        replaced
    }

    async fn replace_now<F>(
        self,
        load: Replacement,
        body: F,
    ) -> Result<S::Return, Option<S::Return>>
    where
        F: Future<Output = S::Return>,
    {
        let Replacement { turn, flight, _attempt } = load;
        let returned = match self.look(turn, &flight).await.ok_or(None)? {
            // Under a barrier nothing can be stored: the next reader after the write loads.
            Way::Load(turn) if !matches!(turn.claim, Claim::Barred) => self.run(turn, body).await,
            Way::Served(returned) => returned,
            Way::Load(_) | Way::Uncached | Way::Replace(_) | Way::Renew => return Err(None),
        };
        if S::Kind::stored(&returned).is_some() { Ok(returned) } else { Err(Some(returned)) }
    }
}
