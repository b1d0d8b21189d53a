//! The one read algorithm: local tier, flight, remote tier, load, fill.

mod at_hand;
mod attempt;
mod detached;
mod load;
mod replace;
mod settings;
mod wait;

use std::future::Future;
use std::sync::Arc;

use tokio::time::timeout;

use crate::cache::Cache;
use crate::call_site::Site;
use crate::entry::Entry;
use crate::entry_ref::EntryRef;
use crate::flight::{FlightId, Joined, Outcome, Permit, Ticket, Turn};
use crate::manner::Manner;
use crate::nesting;
use crate::remote::claim::Claim;
use crate::remote::feed::Trust;
use crate::returns::{Kind, Shape};
use crate::stats::{Event, SiteCounters};

pub(crate) use at_hand::{AtHand, Past};
pub(crate) use attempt::Attempts;
use replace::Replacing;
use settings::Settings;

/// A call that can't be answered with what is in the local tier, or not with that alone.
pub struct Call<S: Shape> {
    site: &'static Site,
    entry: EntryRef<S::Value>,
    mode: Mode,
    settings: Settings<S>,
}

/// What a call is after.
pub(crate) enum Mode {
    /// A value, wherever it comes from.
    Read,
    /// A value in place of the one that was found.
    Replace(Box<AtHand>),
    /// A new value, in place of what is cached.
    Refresh,
    /// The function's own.
    Bypass,
}

impl Mode {
    pub(crate) fn of(manner: Manner) -> Self {
        match manner {
            Manner::Refreshing => Self::Refresh,
            Manner::Bypassing => Self::Bypass,
        }
    }
}

/// How a call goes on.
enum Way<T> {
    /// Somebody else's load has brought the value.
    Served(T),
    /// It loads, past the cache.
    Uncached,
    /// It loads for all that wait.
    Load(Box<Loading>),
    /// It takes what is at hand, and loads what is to replace it.
    Replace(Box<Replacing<T>>),
    /// It loads in place of what is cached.
    Renew,
}

/// The right to load, and to store what was loaded.
struct Loading {
    ticket: Ticket,
    permit: Permit,
    claim: Claim,
    trust: Trust,
    /// How many milliseconds before the end of the ttl of what it is to replace, if there is such.
    early: Option<u64>,
}

/// What the local tier holds for a call that joins a flight.
enum Recalled<T> {
    Value(Arc<Entry>),
    /// An error that is remembered.
    Error(T),
}

impl<S: Shape> Call<S> {
    pub(crate) fn new(site: &'static Site, entry: EntryRef<S::Value>, mode: Mode) -> Self {
        Self { site, entry, mode, settings: Settings::default() }
    }

    fn count(&self, event: Event) {
        self.counters().add(event);
    }

    fn counters(&self) -> &SiteCounters {
        self.site.counters(&self.entry.cache)
    }

    fn version(&self) -> u32 {
        self.entry.policy.version_or_default()
    }
}

// What hits do without is on the heap: cached functions call cached functions, and each future holds
// those that it awaits. These are no `async fn`s, which hold their arguments twice.
#[allow(clippy::manual_async_fn, reason = "see above")]
impl<S: Shape> Call<S> {
    /// The value: from another call's load, from the remote tier, or from `body`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `body`; another call that waits for it runs its own.
    pub fn load<F>(mut self, body: F) -> impl Future<Output = S::Return>
    where
        F: Future<Output = S::Return>,
    {
        async move {
            match Box::pin(self.way()).await {
                Way::Served(returned) => returned,
                way => Box::pin(self.go(way, body)).await,
            }
        }
    }

    async fn go<F>(self, way: Way<S::Return>, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        match way {
            Way::Served(returned) => returned,
            Way::Uncached => self.pass(body).await,
            Way::Load(turn) => Box::pin(self.run(*turn, body)).await,
            Way::Replace(replacing) => Box::pin(self.replace_here(*replacing, body)).await,
            Way::Renew => Box::pin(self.renew(body)).await,
        }
    }

    /// Waits until the value is there, or it is up to this call to load it.
    async fn way(&mut self) -> Way<S::Return> {
        let has_tier = self.entry.cache.has_tier(self.entry.policy);
        let mode = std::mem::replace(&mut self.mode, Mode::Read);
        match mode {
            Mode::Replace(at_hand) => return Box::pin(self.way_to_replace(*at_hand)).await,
            _ if !has_tier || self.is_inside_itself(self.flight_id()) => self.uncached(),
            Mode::Bypass => self.uncached(),
            Mode::Refresh => {
                self.settings.leads();
                Way::Renew
            }
            Mode::Read => self.way_of_read().await,
        }
    }

    fn uncached(&self) -> Way<S::Return> {
        self.settings.leads();
        self.count(Event::Bypass);
        Way::Uncached
    }

    async fn way_of_read(&self) -> Way<S::Return> {
        let mut patient = true;
        loop {
            self.settings.follows();
            let cache = &self.entry.cache;
            let trust = cache.trust(self.entry.policy);
            let joining = cache.joining(self.flight_id(), trust);
            let stored = || self.recalled();
            // Without a name for what is matched, which those who wait would hold beside its parts.
            let (ticket, flight) = match cache.flights().join(&self.entry.key, joining, stored) {
                Joined::Stored(Recalled::Value(entry)) => match self.hit(&entry) {
                    Some(returned) => return Way::Served(returned),
                    None => continue,
                },
                Joined::Stored(Recalled::Error(returned)) => {
                    self.count(Event::Miss);
                    self.count(Event::Join);
                    return Way::Served(returned);
                }
                Joined::First(ticket, flight) | Joined::Member(ticket, flight) => (ticket, flight),
            };
            let turn = if let Some(turn) = flight.turn_now() {
                turn
            } else {
                // Only who has to wait needs a timer, and one of its own: nobody may poll another's.
                match timeout(cache.max_load(), flight.turn()).await {
                    Ok(turn) => turn,
                    // Its load takes too long to be waited for: let the next one try, once.
                    Err(_) if patient => {
                        patient = false;
                        ticket.detach();
                        continue;
                    }
                    Err(_) => return self.uncached(),
                }
            };
            match turn {
                Turn::Load(permit) => {
                    self.settings.leads();
                    let claim = if ticket.is_barred() { Claim::Barred } else { Claim::Alone };
                    let turn = Loading { ticket, permit, claim, trust, early: None };
                    if cache.remote(self.entry.policy).is_none() {
                        return Way::Load(Box::new(turn));
                    }
                    if let Some(way) = Box::pin(self.look(turn, &flight)).await {
                        return way;
                    }
                }
                // The feed may have been lost since it was offered.
                Turn::AtHand(entry, _) if !cache.is_vouched_for(&entry, trust.since) => {
                    flight.withdraw();
                }
                Turn::AtHand(entry, since) => {
                    match Box::pin(self.wait_or_take(&flight, &entry, since)).await {
                        Some(returned) => return Way::Served(returned),
                        None => flight.withdraw(),
                    }
                }
                Turn::Landed(Outcome::Merged) => {}
                Turn::Landed(outcome) => return self.landed(outcome),
            }
        }
    }

    fn landed(&self, outcome: &Outcome) -> Way<S::Return> {
        let (event, returned) = match outcome {
            Outcome::Found(entry) => {
                self.count(Event::RemoteHit);
                (Event::Hit, self.returned(entry))
            }
            Outcome::Loaded(entry) => (Event::Miss, self.returned(entry)),
            Outcome::Failed(failure) => (Event::Miss, S::failed(failure)),
            Outcome::Merged => (Event::Miss, None),
        };
        self.count(event);
        match returned {
            Some(returned) => {
                self.count(Event::Join);
                Way::Served(returned)
            }
            None => self.uncached(),
        }
    }

    /// What the local tier holds, if this call can take it.
    fn recalled(&self) -> Option<Recalled<S::Return>> {
        let EntryRef { cache, policy, key, .. } = &self.entry;
        if let Some(entry) = cache.entry_at(key.borrowed(), *policy)
            && let Some(stored) = entry.value::<S::Value>(self.version())
            && S::Kind::accepts(stored)
        {
            return Some(Recalled::Value(entry));
        }
        self.settings.err_ttl()?;
        let failure = cache.remembered(key.borrowed(), self.version())?;
        S::failed(&failure).map(Recalled::Error)
    }

    /// What `entry` holds, counted as a hit.
    fn hit(&self, entry: &Entry) -> Option<S::Return> {
        self.counters().found(entry.soft() <= self.entry.cache.clock().now());
        self.returned(entry)
    }

    fn returned(&self, entry: &Entry) -> Option<S::Return> {
        S::Kind::returned(entry.value::<S::Value>(self.version())?.clone())
    }

    fn flight_id(&self) -> FlightId {
        Cache::flight_id::<S>(self.site, self.entry.policy)
    }

    /// Whether the function called itself with the same key: it would wait for itself.
    fn is_inside_itself(&self, id: FlightId) -> bool {
        let inside = nesting::is_loading(self.entry.cache.address(), &self.entry.key, id);
        if inside {
            tracing::warn!(
                cache = self.entry.cache.name(),
                function = self.site.function(),
                key = %self.entry.key,
                "the function calls itself with the same key: the inner call waits for nobody"
            );
        }
        inside
    }
}

#[cfg(all(test, feature = "moka", feature = "testing", not(shuttle)))]
mod tests;
