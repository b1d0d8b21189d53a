//! What a call site wants of the cache: data, built at compile time.

use std::time::Duration;

use crate::clock::millis;

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
/// const POLICY: Policy = Policy::new().ttl(Duration::from_secs(60)).lock();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    ttl: Option<u64>,
    lock: Lock,
    local: bool,
    version: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Lock {
    #[default]
    Off,
    On,
    For(u64),
}

impl Policy {
    /// The default: the cache's own ttl, one load per process, both tiers, version 1.
    pub const fn new() -> Self {
        Self { ttl: None, lock: Lock::Off, local: false, version: None }
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
        Self { ttl: Some(millis), ..self }
    }

    /// Makes one load do for all processes that share a remote tier.
    ///
    /// # Default
    ///
    /// Off: one load per process.
    pub const fn lock(self) -> Self {
        Self { lock: Lock::On, ..self }
    }

    /// As [`lock`](Self::lock); the lease on a key lasts `millis` unless it is extended, so that
    /// another process takes over that long after its owner died.
    pub const fn lease_millis(self, millis: u64) -> Self {
        Self { lock: Lock::For(millis), ..self }
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
        Self { version: Some(version), ..self }
    }

    pub(crate) fn ttl_or(&self, default: u64) -> u64 {
        self.ttl.unwrap_or(default)
    }

    pub(crate) fn waits_for_lease(&self) -> bool {
        self.lock != Lock::Off
    }

    pub(crate) fn lease_or(&self, default: Duration) -> Duration {
        match self.lock {
            Lock::For(millis) => Duration::from_millis(millis),
            Lock::Off | Lock::On => default,
        }
    }

    pub(crate) fn is_local(&self) -> bool {
        self.local
    }

    #[inline]
    pub(crate) fn version_or_default(&self) -> u32 {
        self.version.unwrap_or(1)
    }
}

/// A ttl given as a constant: whole seconds if it is an integer.
#[derive(Debug, Clone, Copy)]
pub struct Ttl<T>(pub T);

impl Ttl<Duration> {
    /// The ttl.
    pub const fn get(self) -> Duration {
        assert!(!self.0.is_zero(), "a ttl must be longer than zero");
        self.0
    }
}

macro_rules! seconds {
    ($($integer:ty)*) => {$(
        impl Ttl<$integer> {
            /// The ttl.
            #[allow(
                clippy::cast_sign_loss,
                clippy::cast_possible_truncation,
                clippy::cast_lossless,
                unused_comparisons,
                reason = "checked to be positive; one macro for all integers"
            )]
            pub const fn get(self) -> Duration {
                assert!(self.0 > 0, "a ttl must be longer than zero");
                Duration::from_secs(self.0 as u64)
            }
        }
    )*};
}
seconds!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);
