//! How a cache is put together.

use std::sync::Arc;
use std::time::Duration;

use super::{Cache, Inner, Settings};
use crate::clock::{Clock, millis};
use crate::flight::Flights;
use crate::journal::{AnyJournal, Journal, Namespaced};
use crate::local::{Front, LocalBackend};
use crate::maintenance;
use crate::policy::{Fraction, Share};
use crate::read::Attempts;
use crate::remote::tier::{Limits, Tier};
use crate::remote::{Backend, RemoteBackend};
use crate::stats::Counters;
use crate::write_behind::Desk;

/// More than any setting that something waits for needs to be.
const LONGEST: Duration = Duration::from_hours(24);

/// A tier, as far as the builder was told.
enum Choice<T> {
    FromFeatures,
    None,
    Some(T),
}

/// Builds a [`Cache`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cache_runtime::{Cache, Moka};
///
/// let cache = Cache::builder()
///     .name("shop")
///     .namespace("shop:prod")
///     .local(Moka::new().capacity(100_000))
///     .default_ttl(Duration::from_secs(300))
///     .build();
/// ```
pub struct Builder {
    name: String,
    namespace: String,
    local: Choice<Arc<dyn LocalBackend>>,
    remote: Choice<Backend>,
    journal: Choice<AnyJournal>,
    flush_hold: Duration,
    clock: Clock,
    settings: Settings,
    limits: Limits,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            name: "cache".to_owned(),
            namespace: "cache".to_owned(),
            local: Choice::FromFeatures,
            remote: Choice::FromFeatures,
            journal: Choice::FromFeatures,
            flush_hold: Duration::from_secs(30),
            clock: Clock::default(),
            settings: Settings::default(),
            limits: Limits::default(),
        }
    }

    /// The label of this cache in its stats and log lines.
    ///
    /// # Default
    ///
    /// `cache`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What every remote key begins with, before a colon. Caches that share a namespace share
    /// entries. No namespace should be another one and a colon and more, as `shop` and
    /// `shop:prod` are: the keys of the one could be keys of the other.
    ///
    /// # Default
    ///
    /// `cache`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The local tier.
    ///
    /// # Default
    ///
    /// `Moka::new()` with the feature `moka`, else `QuickCache::new()` with `quick-cache`, else none.
    pub fn local(mut self, backend: impl LocalBackend) -> Self {
        self.local = Choice::Some(Arc::new(backend));
        self
    }

    /// Leaves the local tier out.
    pub fn no_local(mut self) -> Self {
        self.local = Choice::None;
        self
    }

    /// The remote tier.
    ///
    /// # Default
    ///
    /// With the feature `redis`, the server at `CACHE_REDIS_URL`, else at
    /// `redis://127.0.0.1:6379`; without it none.
    pub fn remote(mut self, backend: impl RemoteBackend) -> Self {
        self.remote = Choice::Some(Arc::new(backend));
        self
    }

    /// Leaves the remote tier out.
    pub fn no_remote(mut self) -> Self {
        self.remote = Choice::None;
        self
    }

    /// Where the writes of `#[write_behind]` wait.
    ///
    /// Once it is named, every load of this cache asks it for what waits under its key. Otherwise the
    /// loads of a program do in which there is a function that writes behind: name it where others
    /// read what such a function of another program writes.
    ///
    /// # Default
    ///
    /// The one that the remote tier brings along, as Redis does. Without a remote tier and with the
    /// feature `journal-redb`, a `FileJournal` at `CACHE_JOURNAL`, else at `<namespace>.journal`.
    /// Otherwise none: such functions write at once.
    pub fn journal(mut self, journal: impl Journal) -> Self {
        self.journal = Choice::Some(AnyJournal::new(journal));
        self
    }

    /// Leaves the journal out: functions that write behind write at once.
    pub fn no_journal(mut self) -> Self {
        self.journal = Choice::None;
        self
    }

    /// How long a batch of `#[write_behind]` may take. Of a process that dies meanwhile, others take its
    /// writes over after that.
    ///
    /// # Default
    ///
    /// 30 seconds.
    pub fn flush_hold(mut self, hold: Duration) -> Self {
        self.flush_hold = hold.min(LONGEST);
        self
    }

    /// How long an entry lives whose function names no ttl.
    ///
    /// # Default
    ///
    /// Five minutes.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.settings.default_ttl = millis(ttl);
        self
    }

    /// How long at most a local entry lives where there is a remote tier that tells of changes; where
    /// nobody tells, see [`disconnected_ttl`](Self::disconnected_ttl). Entries of `local` functions
    /// live for their ttl.
    ///
    /// # Default
    ///
    /// One minute.
    pub fn local_ttl(mut self, ttl: Duration) -> Self {
        self.settings.local_ttl = millis(ttl);
        self
    }

    /// How long at most a local entry is served while nobody tells of changes that other processes
    /// make: after the last question that the remote tier answered was sent, or, for an entry that was
    /// asked for while nobody told, after that.
    ///
    /// # Default
    ///
    /// Five seconds.
    pub fn disconnected_ttl(mut self, ttl: Duration) -> Self {
        self.settings.disconnected_ttl = millis(ttl);
        self
    }

    /// Shortens each ttl by up to this fraction of it, at random, so that what was filled together
    /// does not expire together. Remembered errors and stale windows are not shortened.
    ///
    /// # Default
    ///
    /// 0.
    ///
    /// # Panics
    ///
    /// If `fraction` is negative, or not less than 1.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.settings.jitter = Share::of(Fraction(fraction).jitter());
        self
    }

    /// How long after a load in the background that failed the next one of the same
    /// key may begin: a source that is down sees one load a key in this time, from all processes
    /// that share a remote tier, while the stale value is served.
    ///
    /// # Default
    ///
    /// One second.
    pub fn refresh_throttle(mut self, pause: Duration) -> Self {
        self.settings.refresh_throttle = millis(pause);
        self
    }

    /// How long a load may keep others waiting, in a crowd up to an eighth longer. Afterwards they
    /// load for themselves, and a load that had outlived its callers is dropped.
    ///
    /// # Default
    ///
    /// One minute.
    pub fn max_load(mut self, limit: Duration) -> Self {
        self.settings.max_load = limit.min(LONGEST);
        self
    }

    /// How long a read or a write waits for the remote tier, all its calls taken together.
    ///
    /// # Default
    ///
    /// 250 ms.
    pub fn remote_budget(mut self, budget: Duration) -> Self {
        self.limits.budget = budget.min(LONGEST);
        self
    }

    /// How long a lease on a key lasts whose owner is gone: for so long, readers of a function with
    /// `lock` wait in vain.
    ///
    /// # Default
    ///
    /// Ten seconds.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.limits.lease = lease.min(LONGEST);
        self
    }

    /// How long the barrier of `#[invalidates(at = "around")]` stays after a writer is gone: for so
    /// long nothing is cached under its key, and for so long its commit may take to come through.
    /// While the body runs, it is extended.
    ///
    /// # Default
    ///
    /// Ten seconds.
    pub fn barrier_hold(mut self, hold: Duration) -> Self {
        self.settings.barrier_hold = hold.min(LONGEST);
        self
    }

    /// How many bytes a value may take in the remote tier, encoded. A larger one is cached nowhere
    /// as long as the remote tier is in reach, since other processes could not invalidate it, and
    /// else in the local tier, for `disconnected_ttl`; to `put` one is an error.
    ///
    /// # Default
    ///
    /// 1 MiB.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.value_bytes = bytes;
        self
    }

    /// How many keys are remembered whose invalidation could not reach the remote tier. With more,
    /// no key is read from it until it has been cleared as a whole.
    ///
    /// # Default
    ///
    /// 10,000.
    pub fn max_pending(mut self, keys: usize) -> Self {
        self.limits.pending = keys;
        self
    }

    /// The clock by which entries expire.
    #[cfg(feature = "testing")]
    #[allow(clippy::needless_pass_by_value, reason = "as every other setting")]
    pub fn clock(mut self, clock: crate::testing::FakeClock) -> Self {
        self.clock = clock.clock();
        self
    }

    /// The cache.
    pub fn build(self) -> Cache {
        let local = match self.local {
            Choice::Some(backend) => Some(backend),
            Choice::None => None,
            Choice::FromFeatures => local_from_features(),
        };
        let remote = match self.remote {
            Choice::Some(backend) => Some(backend),
            Choice::None => None,
            Choice::FromFeatures => remote_from_features(),
        };
        let is_named = matches!(self.journal, Choice::Some(_));
        let journal = match self.journal {
            Choice::Some(journal) => Some(journal),
            Choice::None => None,
            Choice::FromFeatures => match &remote {
                Some(remote) => remote.journal(&format!("{}:", self.namespace)),
                None => journal_from_features(&self.namespace),
            },
        };
        // What is in this process knows of no namespaces, and caches of several may share it.
        let apart = |journal| AnyJournal::new(Namespaced::new(journal, &self.namespace));
        let journal = journal.map(|it| if it.is_local() { apart(it) } else { it });
        let (clock, cut_off) = (&self.clock, self.settings.disconnected_ttl);
        let remote = remote.map(|backend| {
            Tier::new(backend, &self.namespace, clock.clone(), self.limits, cut_off)
        });
        let cache = Cache(Arc::new(Inner {
            name: self.name,
            local: local.map(Front::new),
            feed: remote.as_ref().map(|tier| tier.feed().clone()),
            remote,
            flights: Flights::new(),
            clock: self.clock,
            settings: self.settings,
            counters: Counters::new(),
            attempts: Attempts::default(),
            desk: Desk::new(journal, is_named, self.limits.budget, self.flush_hold),
        }));
        cache.follow();
        if cache.has_local() {
            maintenance::keep(&cache);
        }
        cache
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it depends on the features")]
fn local_from_features() -> Option<Arc<dyn LocalBackend>> {
    #[cfg(feature = "moka")]
    return Some(Arc::new(crate::local::Moka::new()));
    #[cfg(all(feature = "quick-cache", not(feature = "moka")))]
    return Some(Arc::new(crate::local::QuickCache::new()));
    #[cfg(not(any(feature = "moka", feature = "quick-cache")))]
    None
}

#[allow(clippy::unnecessary_wraps, reason = "it depends on the features")]
fn journal_from_features(namespace: &str) -> Option<AnyJournal> {
    #[cfg(feature = "journal-redb")]
    {
        let named = std::env::var_os("CACHE_JOURNAL").map(std::path::PathBuf::from);
        let name = || format!("{}.journal", namespace.replace(['/', '\\', ':'], "-")).into();
        Some(AnyJournal::new(crate::FileJournal::new(named.unwrap_or_else(name))))
    }
    #[cfg(not(feature = "journal-redb"))]
    {
        let _ = namespace;
        None
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it depends on the features")]
fn remote_from_features() -> Option<Backend> {
    #[cfg(feature = "redis")]
    {
        let url = std::env::var("CACHE_REDIS_URL");
        match crate::Redis::new(url.as_deref().unwrap_or("redis://127.0.0.1:6379")) {
            Ok(redis) => Some(Arc::new(redis)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "CACHE_REDIS_URL is not usable: caching without Redis");
                None
            }
        }
    }
    #[cfg(not(feature = "redis"))]
    None
}
