//! Time, in milliseconds: a cheap monotonic clock for expiry, the wall clock for the wire.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time a cache goes by.
///
/// The system's is read from the kernel's coarse clock, which advances every few milliseconds.
#[derive(Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "made by `FakeClock` alone"))]
    Fake(Arc<AtomicU64>),
}

impl Clock {
    /// Milliseconds since some moment in this process's past. Never goes back.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self {
            Self::System => coarsetime::Duration::from_ticks(
                coarsetime::Instant::now_without_cache_update().as_ticks(),
            )
            .as_millis(),
            Self::Fake(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Microseconds since some moment in this process's past, to measure what took long.
    pub(crate) fn micros(&self) -> u64 {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Self::System => u64::try_from(BEGAN.elapsed().as_micros()).unwrap_or(u64::MAX),
            Self::Fake(now) => now.load(Ordering::Relaxed).saturating_mul(1000),
        }
    }

    /// Milliseconds since the Unix epoch, comparable between processes.
    pub(crate) fn wall(&self) -> u64 {
        match self {
            Self::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
            Self::Fake(now) => now.load(Ordering::Relaxed),
        }
    }
}

/// A duration in whole milliseconds, rounded up, so that none becomes zero by rounding.
pub(crate) const fn millis(duration: Duration) -> u64 {
    let rest = duration.subsec_nanos().div_ceil(1_000_000);
    duration.as_secs().saturating_mul(1_000).saturating_add(rest as u64)
}
