use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, millis};

/// An arbitrary moment, late enough for every duration to be taken off it.
const START: u64 = 1_700_000_000_000;

/// A clock that moves when told to and at no other time.
///
/// Clones show the same time. It is independent of tokio's own, which can be paused.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use cache_runtime::testing::{FakeClock, MemoryRemote};
///
/// let clock = FakeClock::new();
/// let remote = MemoryRemote::with_clock(&clock);
/// remote.plant("user:42", "by hand", Duration::from_mins(1));
/// clock.advance(Duration::from_mins(1));
/// assert_eq!(remote.cell("user:42"), None);
/// ```
#[derive(Clone)]
pub struct FakeClock {
    now: Arc<AtomicU64>,
}

impl FakeClock {
    /// Makes a clock that stands still.
    pub fn new() -> Self {
        Self { now: Arc::new(AtomicU64::new(START)) }
    }

    /// Moves the clock forward, in whole milliseconds, rounded up.
    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(millis(by), Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::Fake(Arc::clone(&self.now))
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.clock().now() - START;
        write!(f, "FakeClock({:?})", Duration::from_millis(since))
    }
}
