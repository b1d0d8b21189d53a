//! The cache: its tiers, and what one can ask of it directly.

mod builder;
mod current;
mod local;
mod shutdown;
mod weak;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use builder::Builder;
pub(crate) use current::{never_scoped, scoped, with_current, with_scoped};
pub(crate) use local::Found;
pub(crate) use weak::WeakCache;

use crate::call_site::{self, Site};
use crate::clock::{Clock, millis};
use crate::deferred;
use crate::entry_ref::EntryRef;
use crate::error::Result;
use crate::flight::{Barrier, FlightId, Flights, Joining};
use crate::key::Key;
use crate::life::Life;
use crate::local::Front;
use crate::lookup::{Looking, Lookup};
use crate::policy::{Policy, Share};
use crate::read::Attempts;
use crate::remote::feed::{Feed, Stamp, Trust};
use crate::remote::tier::Tier;
use crate::returns::{Returns, Shape};
use crate::stats::{Counters, Stats};
use crate::write_behind::Desk;

/// A cache: an optional local tier, an optional remote tier, and one way to read through them.
///
/// Cheap to clone; clones are the same cache. Annotated functions find theirs by themselves, see
/// [`Cache::current`].
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    name: String,
    local: Option<Front>,
    remote: Option<Arc<Tier>>,
    /// The remote tier's, for hits to be compared with.
    feed: Option<Arc<Feed>>,
    flights: Arc<Flights>,
    clock: Clock,
    settings: Settings,
    counters: Counters,
    attempts: Attempts,
    desk: Desk,
}

/// How long things live; in milliseconds where entries are concerned.
#[derive(Clone, Copy)]
struct Settings {
    default_ttl: u64,
    none_ttl: u64,
    local_ttl: u64,
    disconnected_ttl: u64,
    refresh_throttle: u64,
    jitter: Share,
    max_load: Duration,
    barrier_hold: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_ttl: 300_000,
            none_ttl: 30_000,
            local_ttl: 60_000,
            disconnected_ttl: 5_000,
            refresh_throttle: 1_000,
            jitter: Share::default(),
            max_load: Duration::from_mins(1),
            barrier_hold: Duration::from_secs(10),
        }
    }
}

impl Cache {
    /// Begins a cache. Tiers that are not named come from the enabled features.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The value of `load`, from the cache if it is there: what `#[cached]` does, by hand.
    ///
    /// `Ok` alone is stored; an `Option` in it is a value like any other. Callers that wait for a
    /// load that fails run their own, at most eight at a time.
    ///
    /// With [`stale`](Policy::stale) or [`refresh_at`](Policy::refresh_at), the one caller whose turn
    /// it is to replace a value waits for `load`, and takes the value if that fails; see
    /// [`get_or_load_detached`](Self::get_or_load_detached).
    ///
    /// # Concurrent calls on the same key
    ///
    /// One runs its future, the others wait for it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the load; another caller that waits for it runs its own.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use cache_runtime::{Cache, Key, Moka, Policy};
    ///
    /// let cache = Cache::builder().local(Moka::new()).no_remote().build();
    /// let key = Key::new("user").part(&42);
    /// let load = async { Ok::<_, std::io::Error>("Ada".to_owned()) };
    /// let name = cache.get_or_load(key, Policy::new().ttl_secs(60), load).await?;
    /// assert_eq!(name, "Ada");
    /// # Ok::<_, std::io::Error>(())
    /// # })?;
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub async fn get_or_load<T, E, F>(&self, key: Key, policy: Policy, load: F) -> Result<T, E>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match self.look_up(&key, policy, Returns::<Result<T, E>>::new().kind().unshared().serde()) {
            Lookup::Hit(value) => value,
            Lookup::Miss(call) => call.load(load).await,
        }
    }

    /// As [`get_or_load`](Self::get_or_load); the load belongs to the key and not to its caller. With
    /// [`stale`](Policy::stale) or [`refresh_at`](Policy::refresh_at), nobody waits for a load while
    /// there is a value: it runs in the background.
    ///
    /// # Concurrent calls on the same key
    ///
    /// One runs its future, the others wait for it.
    ///
    /// # Cancel safety
    ///
    /// Once `load` has begun, dropping this leaves it to the runtime, and its value is stored.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use cache_runtime::{Cache, Key, Moka, Policy};
    ///
    /// const POLICY: Policy = Policy::new().ttl_secs(60).stale_secs(300).refresh_at(0.8);
    ///
    /// let cache = Cache::builder().local(Moka::new()).no_remote().build();
    /// let load = async { Ok::<_, std::io::Error>("Ada".to_owned()) };
    /// let name = cache.get_or_load_detached(Key::new("user").part(&42), POLICY, load).await?;
    /// assert_eq!(name, "Ada");
    /// # Ok::<_, std::io::Error>(())
    /// # })?;
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub async fn get_or_load_detached<T, E, F>(
        &self,
        key: Key,
        policy: Policy,
        load: F,
    ) -> Result<T, E>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        E: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        match self.look_up(&key, policy, Returns::<Result<T, E>>::new().kind().unshared().serde()) {
            Lookup::Hit(value) => value,
            Lookup::Miss(call) => call.detached(load).await,
        }
    }

    fn look_up<S: Shape>(&self, key: &Key, policy: Policy, shape: S) -> Lookup<S> {
        static SITE: Site = Site::new("cache_runtime", "get_or_load", "", Policy::new());
        let looking =
            Looking { site: &SITE, owner: SITE.address(), cache: self, policy: &policy, shape };
        looking.up_written(key.canonical().borrowed())
    }

    /// The value stored under `key` by a function of version 1, if there is one.
    ///
    /// `None` also while an invalidation of the key is still owed to the remote tier.
    ///
    /// # Cancel safety
    ///
    /// Dropping it changes nothing.
    ///
    /// # Errors
    ///
    /// When the value was not found and the remote tier could not be asked.
    pub async fn get<T>(&self, key: &Key) -> Result<Option<T>>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.entry(key, Policy::new()).get().await
    }

    /// Stores `value` under `key`. No load that began before replaces it.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    ///
    /// # Errors
    ///
    /// As [`EntryRef::put`].
    pub async fn put<T>(&self, key: &Key, value: T, policy: &Policy) -> Result<()>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.entry(key, *policy).put(value).await
    }

    fn entry<T>(&self, key: &Key, policy: Policy) -> EntryRef<T>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let key = key.canonical().into_owned();
        EntryRef::shared(self.clone(), policy, key)
    }

    /// Makes what is cached under `key` count as outdated, in both tiers, whatever function cached
    /// it. A load that is under way is not stored; who reads from now on begins a new one.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    ///
    /// # Errors
    ///
    /// When the remote tier could not be told. The local tier has been told all the same, this
    /// process does not read the key from the remote tier, and that one is told as soon as it can
    /// be.
    pub async fn invalidate(&self, key: &Key) -> Result<()> {
        deferred::invalidate(self, &key.canonical()).await
    }

    /// What this cache did: totals, and each call site's.
    pub fn stats(&self) -> Stats {
        let remote = self.0.remote.as_ref().map(|tier| tier.stats());
        Stats::new(self.0.name.clone(), remote.unwrap_or_default(), call_site::stats(self))
    }

    /// What an entry of `policy` that is asked for now will depend on.
    pub(crate) fn trust(&self, policy: Policy) -> Trust {
        match self.remote(policy) {
            Some(tier) => tier.trust(),
            None => Trust { stamp: Stamp::ALONE, since: self.0.clock.now() },
        }
    }

    /// Which flights a call may join that asks at the moment of `trust`.
    pub(crate) fn joining(&self, id: FlightId, trust: Trust) -> Joining {
        let now = trust.since;
        // Of what others did and nobody told, a load under way knows as little as an entry.
        let oldest_unheard = now.saturating_sub(self.0.settings.disconnected_ttl);
        let cut_off = !trust.is_alone() && !trust.is_connected();
        let oldest = if cut_off { oldest_unheard } else { 0 };
        Joining { id, now, oldest, oldest_unheard }
    }

    /// How long a value lives, or that there is none, unless it has a ttl of its `own`.
    pub(crate) fn life(&self, policy: Policy, is_value: bool, own: Option<Duration>) -> Life {
        let Settings { default_ttl, none_ttl, jitter, .. } = self.0.settings;
        let ttl = policy.ttl_or(default_ttl);
        let ttl = match own {
            Some(own) => millis(own),
            None if is_value => ttl,
            None => policy.none_ttl_or(ttl, none_ttl),
        };
        if ttl == 0 {
            return Life::default();
        }
        let life = Life { ttl, stale: policy.stale_window(), cost: 0 };
        life.jittered(policy.jitter_or(jitter))
    }

    /// The local half of an invalidation: what is here goes, what is under way won't be stored.
    pub(crate) fn invalidate_locally(&self, key: &Key) {
        self.0.flights.invalidate(key, || self.remove(key));
    }

    /// Puts up the local half of a barrier, which is an invalidation too.
    pub(crate) fn enter_locally(&self, key: &Key) -> Barrier {
        self.0.flights.enter(key, || self.remove(key))
    }

    pub(crate) fn flights(&self) -> &Arc<Flights> {
        &self.0.flights
    }

    /// The remote tier, for values that `policy` lets out of this process.
    pub(crate) fn remote(&self, policy: Policy) -> Option<&Arc<Tier>> {
        self.0.remote.as_ref().filter(|_| !policy.is_local())
    }

    /// The remote tier, if there is one.
    pub(crate) fn any_remote(&self) -> Option<&Arc<Tier>> {
        self.0.remote.as_ref()
    }

    /// Whether values of `policy` have a tier to be in.
    pub(crate) fn has_tier(&self, policy: Policy) -> bool {
        self.0.local.is_some() || self.remote(policy).is_some()
    }

    pub(crate) fn has_local(&self) -> bool {
        self.0.local.is_some()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// What it has to do with its journal.
    pub(crate) fn desk(&self) -> &Desk {
        &self.0.desk
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// How long after a load in the background the next one may begin.
    pub(crate) fn refresh_throttle(&self) -> Duration {
        Duration::from_millis(self.0.settings.refresh_throttle)
    }

    pub(crate) fn max_load(&self) -> Duration {
        self.0.settings.max_load
    }

    pub(crate) fn barrier_hold(&self) -> Duration {
        self.0.settings.barrier_hold
    }

    /// Where this cache stands, to tell it from others.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.0.name)
            .field("local", &self.0.local.is_some())
            .field("remote", &self.0.remote.is_some())
            .finish_non_exhaustive()
    }
}
