//! The one read algorithm: local tier, flight, remote tier, load, fill.

mod load;
mod wait;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::background::Detached;
use crate::cache::{self, Cache};
use crate::call_site::Site;
use crate::entry::Entry;
use crate::entry_ref::EntryRef;
use crate::flight::{Flight, FlightId, Joined, Outcome, Permit, Ticket, Turn};
use crate::nesting;
use crate::remote::claim::Claim;
use crate::remote::feed::Trust;
use crate::returns::{Kind, Shape};
use crate::stats::{Event, SiteCounters};

/// A call whose value was not in the local tier.
pub struct Call<S: Shape> {
    site: &'static Site,
    entry: EntryRef<S::Value>,
    mode: Mode,
}

/// What a call is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A value, wherever it comes from.
    Read,
    /// A new value, in place of what is cached.
    Refresh,
}

/// How a call goes on.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
enum Way<T> {
    /// Somebody else's load has brought the value.
    Served(T),
    /// It loads, past the cache.
    Uncached,
    /// It loads for all that wait.
    Load(Loading),
    /// It loads in place of what is cached.
    Renew,
}

/// The right to load, and to store what was loaded.
struct Loading {
    ticket: Ticket,
    permit: Permit,
    claim: Claim,
    trust: Trust,
}

impl<S: Shape> Call<S> {
    pub(crate) fn new(site: &'static Site, entry: EntryRef<S::Value>, mode: Mode) -> Self {
        Self { site, entry, mode }
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

// What is rare is on the heap, a miss being the time to: cached functions call cached functions, and
// each future holds those that it awaits. These are no `async fn`s, which hold their arguments twice.
#[allow(clippy::manual_async_fn, reason = "see above")]
impl<S: Shape> Call<S> {
    /// The value: from another call's load, from the remote tier, or from `body`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `body`; another call that waits for it runs its own.
    pub fn load<F>(self, body: F) -> impl Future<Output = S::Return>
    where
        F: Future<Output = S::Return>,
    {
        async move {
            match self.way().await {
                Way::Served(returned) => returned,
                Way::Uncached => Box::pin(body).await,
                Way::Load(turn) => Box::pin(self.run(turn, body)).await,
                Way::Renew => Box::pin(self.renew(body)).await,
            }
        }
    }

    /// As [`load`](Self::load); the load belongs to the key and not to its caller.
    ///
    /// # Cancel safety
    ///
    /// Once `body` has begun, dropping this leaves it to the runtime, and its value is stored.
    pub fn detached<F>(self, body: F) -> impl Future<Output = S::Return>
    where
        S: 'static,
        F: Future<Output = S::Return>,
        F: Send + 'static, // the load may outlive its caller; `detach = false` lifts this
        S::Return: Send,   // as above
    {
        async move {
            let limit = self.entry.cache.max_load();
            match self.way().await {
                Way::Served(returned) => returned,
                Way::Uncached => Box::pin(body).await,
                Way::Load(turn) => detached(limit, self.run(turn, body)).await,
                Way::Renew => detached(limit, self.renew(body)).await,
            }
        }
    }

    /// Waits until the value is there, or it is up to this call to load it.
    async fn way(&self) -> Way<S::Return> {
        let id = self.flight_id();
        if !self.entry.cache.has_tier(self.entry.policy) || self.is_inside_itself(id) {
            self.count(Event::Bypass);
            return Way::Uncached;
        }
        if self.mode == Mode::Refresh {
            return Way::Renew;
        }
        let mut patient = true;
        loop {
            let cache = &self.entry.cache;
            let trust = cache.trust(self.entry.policy);
            let joining = cache.joining(id, trust);
            let joined = cache.flights().join(&self.entry.key, joining, || self.found());
            let (ticket, flight) = match joined {
                Joined::Stored(entry) => {
                    self.count(Event::Hit);
                    match self.returned(&entry) {
                        Some(returned) => return Way::Served(returned),
                        None => continue,
                    }
                }
                Joined::Member(ticket, flight) => (ticket, flight),
            };
            match self.turn(&flight).await {
                Some(Turn::Load(permit)) => {
                    let turn = Loading { ticket, permit, claim: Claim::Alone, trust };
                    if let Some(way) = self.look(turn, &flight).await {
                        return way;
                    }
                }
                Some(Turn::Landed(Outcome::Merged)) => {}
                Some(Turn::Landed(outcome)) => return self.landed(outcome),
                // Its load takes too long to be waited for: let the next one try, once.
                None if patient => {
                    patient = false;
                    ticket.detach();
                }
                None => {
                    self.count(Event::Bypass);
                    return Way::Uncached;
                }
            }
        }
    }

    /// This call's turn in the flight; `None` if it waited for that as long as a load may take.
    async fn turn(&self, flight: &Arc<Flight>) -> Option<Turn> {
        match flight.turn_now() {
            Some(turn) => Some(turn),
            // Only who has to wait needs a timer.
            None => tokio::time::timeout(self.entry.cache.max_load(), flight.turn()).await.ok(),
        }
    }

    fn landed(&self, outcome: Outcome) -> Way<S::Return> {
        let (event, returned) = match outcome {
            Outcome::Found(entry) => {
                self.count(Event::RemoteHit);
                (Event::Hit, self.returned(&entry))
            }
            Outcome::Loaded(entry) => (Event::Miss, self.returned(&entry)),
            Outcome::Failed(failure) => (Event::Miss, S::failed(&failure)),
            Outcome::Merged => (Event::Miss, None),
        };
        self.count(event);
        match returned {
            Some(returned) => {
                self.count(Event::Join);
                Way::Served(returned)
            }
            None => {
                self.count(Event::Bypass);
                Way::Uncached
            }
        }
    }

    /// The entry in the local tier, if this call can take it.
    fn found(&self) -> Option<Arc<Entry>> {
        let entry = self.entry.cache.entry_at(self.entry.key.borrowed(), self.entry.policy)?;
        let stored = entry.value::<S::Value>(self.version())?;
        S::Kind::accepts(stored).then_some(entry)
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
                "the function calls itself with the same key: the inner call runs uncached"
            );
        }
        inside
    }
}

/// Runs `load` in place, and on the runtime once its caller is gone, in the same scope.
fn detached<T: 'static>(
    limit: Duration,
    load: impl Future<Output = T> + Send + 'static,
) -> Detached<T> {
    match cache::scoped() {
        Some(scope) => Detached::new(async move { scope.scope(load).await }, limit),
        None => Detached::new(load, limit),
    }
}
