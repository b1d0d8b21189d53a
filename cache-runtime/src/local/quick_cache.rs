//! The local tier on `quick_cache`: concurrent, bounded, evicting by S3-FIFO.

use std::fmt;
use std::sync::Arc;

use ::quick_cache::UnitWeighter;
use ::quick_cache::sync::{Cache, DefaultLifecycle};

use super::LocalBackend;
use crate::entry::Entry;
use crate::key::{Key, KeyRef, Prehashed};

/// How many entries a tier holds that was not told.
const CAPACITY: u64 = 100_000;

/// The local tier on [`quick_cache`](https://docs.rs/quick_cache): keeps what is asked for again soon,
/// by a variant of S3-FIFO. A hit costs less than on `Moka`, the more so the more entries there are;
/// which of them keeps the better entries depends on what is asked for.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Cache, QuickCache};
///
/// let cache = Cache::builder().local(QuickCache::new().capacity(5_000_000)).build();
/// ```
pub struct QuickCache {
    entries: Entries,
}

type Entries = Cache<Key, Arc<Entry>, UnitWeighter, Prehashed, DefaultLifecycle<Key, Arc<Entry>>>;

impl QuickCache {
    /// A tier of at most 100,000 entries.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Bounds the tier to `entries`.
    ///
    /// # Default
    ///
    /// 100,000.
    pub fn capacity(self, entries: u64) -> Self {
        Self::with_capacity(entries)
    }

    fn with_capacity(entries: u64) -> Self {
        let estimated = usize::try_from(entries).unwrap_or(usize::MAX).min(1 << 20);
        let (hasher, lifecycle) = (Prehashed::default(), DefaultLifecycle::default());
        Self { entries: Cache::with(estimated, entries, UnitWeighter, hasher, lifecycle) }
    }
}

impl Default for QuickCache {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for QuickCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuickCache").field("entries", &self.entries.len()).finish()
    }
}

impl LocalBackend for QuickCache {
    #[inline]
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.entries.get(&key)
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        self.entries.insert(key.clone(), entry);
    }

    fn remove(&self, key: KeyRef<'_>) {
        self.entries.remove(&key);
    }

    fn sweep(&self, dead: &dyn Fn(&Entry) -> bool) {
        self.entries.retain(|_, entry| !dead(entry));
    }

    fn len(&self) -> u64 {
        self.entries.len() as u64
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;

    #[test]
    fn quick_cache_keeps_the_contract_of_local_backends() {
        crate::testing::conformance::local(|capacity| QuickCache::new().capacity(capacity));
    }
}
