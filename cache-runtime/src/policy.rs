//! What a call site wants of the cache: data, built at compile time.

mod early;
mod fraction;
mod time;

use std::num::NonZeroU64;
use std::time::Duration;

use crate::clock::millis;
pub(crate) use early::{Early, Share};
pub use fraction::Fraction;
pub use time::Time;

/// How values of one call site are cached.
///
/// The attribute settings of `#[cached]` become one; `Cache::get_or_load` and `Cache::put` take
/// one. Everything is `const`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cache_runtime::Policy;
///
/// const POLICY: Policy = Policy::new()
///     .ttl(Duration::from_secs(60))
///     .stale(Duration::from_mins(5))
///     .refresh_at(0.8)
///     .lock();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    ttl: Chosen,
    none_ttl: Chosen,
    stale: u64,
    early: Early,
    timeout: Chosen,
    jitter: Option<Share>,
    lock: bool,
    lease: Chosen,
    local: bool,
    version: u32,
}

/// Milliseconds, if any were chosen. One more is stored: each call carries its policy about, and
/// this way it is half as large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chosen(Option<NonZeroU64>);

impl Chosen {
    const NOTHING: Self = Self(None);

    const fn of(millis: u64) -> Self {
        Self(NonZeroU64::new(millis.saturating_add(1)))
    }

    fn get(self) -> Option<u64> {
        self.0.map(|more| more.get() - 1)
    }
}

/// The ttl of what lives until it is invalidated or evicted.
const FOREVER: u64 = u64::MAX - 1;

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// The default: the cache's own ttl, nothing stale and nothing early, one load per process, both
    /// tiers, version 1.
    pub const fn new() -> Self {
        Self {
            ttl: Chosen::NOTHING,
            none_ttl: Chosen::NOTHING,
            stale: 0,
            early: Early::Never,
            timeout: Chosen::NOTHING,
            jitter: None,
            lock: false,
            lease: Chosen::NOTHING,
            local: false,
            version: 1,
        }
    }

    /// Lets an entry live for `ttl`, in whole milliseconds. Zero: nothing is cached.
    ///
    /// # Default
    ///
    /// The cache's `default_ttl`, five minutes.
    pub const fn ttl(self, ttl: Duration) -> Self {
        self.ttl_millis(millis(ttl))
    }

    /// As [`ttl`](Self::ttl), in seconds.
    pub const fn ttl_secs(self, seconds: u64) -> Self {
        self.ttl_millis(seconds.saturating_mul(1000))
    }

    /// As [`ttl`](Self::ttl), in milliseconds.
    pub const fn ttl_millis(self, millis: u64) -> Self {
        Self { ttl: Chosen::of(millis), ..self }
    }

    /// Lets an entry live until it is invalidated or evicted. In Redis that is a hundred years, in
    /// the local tier of two the `local_ttl`.
    pub const fn forever(self) -> Self {
        self.ttl_millis(FOREVER)
    }

    /// How long the `None` of a function lives. Zero: it is not cached.
    ///
    /// # Default
    ///
    /// The ttl, and 30 seconds at most.
    pub const fn none_ttl(self, ttl: Duration) -> Self {
        self.none_ttl_millis(millis(ttl))
    }

    /// As [`none_ttl`](Self::none_ttl), in seconds.
    pub const fn none_ttl_secs(self, seconds: u64) -> Self {
        self.none_ttl_millis(seconds.saturating_mul(1000))
    }

    /// As [`none_ttl`](Self::none_ttl), in milliseconds.
    pub const fn none_ttl_millis(self, millis: u64) -> Self {
        Self { none_ttl: Chosen::of(millis), ..self }
    }

    /// For how long after its ttl an entry is served while a new value is loaded in the background,
    /// also if that fails again and again. An invalidation ends it at once.
    ///
    /// # Default
    ///
    /// Zero.
    pub const fn stale(self, window: Duration) -> Self {
        self.stale_millis(millis(window))
    }

    /// As [`stale`](Self::stale), in seconds.
    pub const fn stale_secs(self, seconds: u64) -> Self {
        self.stale_millis(seconds.saturating_mul(1000))
    }

    /// As [`stale`](Self::stale), in milliseconds.
    pub const fn stale_millis(self, millis: u64) -> Self {
        Self { stale: millis, ..self }
    }

    /// Loads a new value in the background once `fraction` of the ttl has passed and somebody asks.
    ///
    /// # Default
    ///
    /// Off.
    ///
    /// # Panics
    ///
    /// If `fraction` is not between 0 and 1; in a constant, when it is compiled.
    pub const fn refresh_at(self, fraction: f64) -> Self {
        Self { early: Early::At(Share::of(Fraction(fraction).early())), ..self }
    }

    /// Loads a new value in the background with a probability that rises towards the end of the
    /// ttl, and earlier the longer the last load took: `XFetch`, of Vattani, Chierichetti and
    /// Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015. `beta` is 1 in the
    /// paper; more is earlier, and 0 is never.
    ///
    /// # Default
    ///
    /// Off.
    ///
    /// # Panics
    ///
    /// If `beta` is negative, or more than 1000; in a constant, when it is compiled.
    pub const fn xfetch(self, beta: f64) -> Self {
        assert!(beta >= 0.0 && beta <= 1000.0, "the beta of XFetch lies between 0 and 1000");
        Self { early: Early::XFetch(Share::of(beta)), ..self }
    }

    /// How long a caller who finds a stale value waits for a new one before it takes the stale one;
    /// the load goes on. Of a load that is under way for longer already, nobody waits for the end.
    /// Who loads in place, in `Cache::get_or_load`, waits for its own load.
    ///
    /// # Default
    ///
    /// Zero: it takes the stale value at once.
    pub const fn timeout(self, wait: Duration) -> Self {
        self.timeout_millis(millis(wait))
    }

    /// As [`timeout`](Self::timeout), in seconds.
    pub const fn timeout_secs(self, seconds: u64) -> Self {
        self.timeout_millis(seconds.saturating_mul(1000))
    }

    /// As [`timeout`](Self::timeout), in milliseconds.
    pub const fn timeout_millis(self, millis: u64) -> Self {
        Self { timeout: Chosen::of(millis), ..self }
    }

    /// Shortens each ttl by up to this fraction of it, at random, so that what was filled together
    /// does not expire together.
    ///
    /// # Default
    ///
    /// The cache's, which is 0.
    ///
    /// # Panics
    ///
    /// If `fraction` is negative, or not less than 1; in a constant, when it is compiled.
    pub const fn jitter(self, fraction: f64) -> Self {
        Self { jitter: Some(Share::of(Fraction(fraction).jitter())), ..self }
    }

    /// Makes one load do for all processes that share a remote tier.
    ///
    /// # Default
    ///
    /// Off: one load per process.
    pub const fn lock(self) -> Self {
        Self { lock: true, ..self }
    }

    /// As [`lock`](Self::lock); the lease on a key lasts `millis` unless it is extended, so that
    /// another process takes over that long after its owner died.
    pub const fn lease_millis(self, millis: u64) -> Self {
        Self { lock: true, lease: Chosen::of(millis), ..self }
    }

    /// Keeps values in the local tier alone.
    pub const fn local(self) -> Self {
        Self { local: true, ..self }
    }

    /// What a stored value must match, beside its type. Change it when the meaning of a value
    /// changes.
    ///
    /// # Default
    ///
    /// 1.
    pub const fn version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    pub(crate) fn ttl_or(&self, default: u64) -> u64 {
        self.ttl.get().unwrap_or(default)
    }

    /// How long a `None` lives: what was said, else the shorter of two.
    pub(crate) fn none_ttl_or(&self, ttl: u64, longest: u64) -> u64 {
        self.none_ttl.get().unwrap_or(ttl.min(longest))
    }

    pub(crate) fn stale_window(&self) -> u64 {
        self.stale
    }

    pub(crate) fn early(&self) -> Early {
        self.early
    }

    pub(crate) fn patience(&self) -> Option<u64> {
        self.timeout.get()
    }

    pub(crate) fn jitter_or(&self, default: Share) -> Share {
        self.jitter.unwrap_or(default)
    }

    pub(crate) fn waits_for_lease(&self) -> bool {
        self.lock
    }

    pub(crate) fn lease_or(&self, default: Duration) -> Duration {
        self.lease.get().map_or(default, Duration::from_millis)
    }

    pub(crate) fn is_local(&self) -> bool {
        self.local
    }

    #[inline]
    pub(crate) fn version_or_default(&self) -> u32 {
        self.version
    }
}
