use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::FakeClock;
use crate::clock::millis;
use crate::key::Key;
use crate::remote::feed::{Changes, Feed, Listener};

/// How long a sign of life counts, by the log's own clock.
const TTL: Duration = Duration::from_secs(1);

/// Writes down what a backend tells of its changes.
///
/// Its time stands still, so a backend that is followed counts as connected until
/// [`outlive`](Self::outlive) makes its last sign of life too old.
///
/// # Examples
///
/// ```
/// use cache_runtime::testing::ChangeLog;
///
/// let log = ChangeLog::new("shop:");
/// let changes = log.changes();
/// assert!(!log.is_connected());
/// changes.armed(changes.now());
/// changes.changed(b"shop:user:42");
/// assert!(log.is_connected());
/// assert_eq!(log.take(), ["user:42"]);
/// ```
pub struct ChangeLog {
    prefix: String,
    clock: FakeClock,
    feed: Arc<Feed>,
    told: Arc<Told>,
}

#[derive(Default)]
struct Told {
    keys: Mutex<Vec<String>>,
    all: AtomicU64,
}

impl ChangeLog {
    /// An empty log of the keys that begin with `prefix`.
    pub fn new(prefix: &str) -> Self {
        let clock = FakeClock::new();
        let feed = Feed::new(clock.clock(), millis(TTL));
        Self { prefix: prefix.to_owned(), clock, feed, told: Arc::default() }
    }

    /// What to give to [`follow`](crate::RemoteBackend::follow), each time anew.
    pub fn changes(&self) -> Changes {
        let told: Arc<dyn Listener> = self.told.clone();
        Changes::new(Arc::clone(&self.feed), &self.prefix, Arc::downgrade(&told))
    }

    /// Whether changes are followed, and the last sign of life is young enough.
    pub fn is_connected(&self) -> bool {
        self.feed.trust().is_connected()
    }

    /// Lets so much time pass that what came until now counts no more as a sign of life. The next
    /// one proves that all changes made before this call have been told.
    pub fn outlive(&self) {
        self.clock.advance(TTL);
    }

    /// The keys told since this was last asked, in order, without the prefix.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.keys())
    }

    /// Whether `key`, without the prefix, was told since [`take`](Self::take) was last called.
    pub fn contains(&self, key: &str) -> bool {
        self.told.keys().iter().any(|told| told == key)
    }

    /// How often any cell may have changed; that also goes for each time it begins to be followed.
    pub fn all_changed(&self) -> u64 {
        self.told.all.load(Ordering::SeqCst)
    }
}

impl Told {
    fn keys(&self) -> MutexGuard<'_, Vec<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Told {
    fn changed(&self, key: &Key) {
        self.keys().push(key.to_string());
    }

    fn all_changed(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for ChangeLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChangeLog").field(&*self.told.keys()).finish()
    }
}
