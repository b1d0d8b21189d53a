//! The local tier on `moka`: concurrent, bounded, evicting by `TinyLFU`.

use std::fmt;
use std::sync::Arc;

use ::moka::ops::compute::Op;
use ::moka::sync::Cache;

use super::LocalBackend;
use crate::entry::Entry;
use crate::key::{Key, KeyRef, Prehashed};

/// How many entries a tier holds that was not told.
const CAPACITY: u64 = 100_000;

/// The local tier on [`moka`](https://docs.rs/moka): keeps what is asked for often, by `TinyLFU`.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Cache, Moka};
///
/// let cache = Cache::builder().local(Moka::new().capacity(10_000)).build();
/// ```
pub struct Moka {
    entries: Cache<Key, Arc<Entry>, Prehashed>,
}

impl Moka {
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
        Self {
            entries: Cache::builder().max_capacity(entries).build_with_hasher(Prehashed::default()),
        }
    }
}

impl Default for Moka {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Moka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moka").field("entries", &self.entries.entry_count()).finish()
    }
}

impl LocalBackend for Moka {
    #[inline]
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.entries.get(&key)
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        self.entries.insert(key.clone(), entry);
    }

    fn remove(&self, key: KeyRef<'_>) {
        self.entries.invalidate(&key);
    }

    fn sweep(&self, dead: &dyn Fn(&Entry) -> bool) {
        for (key, entry) in &self.entries {
            if dead(&entry) {
                // Looked at once more: it may have been replaced since.
                self.entries.entry((*key).clone()).and_compute_with(|now| match now {
                    Some(now) if dead(now.value()) => Op::Remove,
                    _ => Op::Nop,
                });
            }
        }
        self.entries.run_pending_tasks();
    }

    fn len(&self) -> u64 {
        self.entries.entry_count()
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;

    #[test]
    fn moka_keeps_the_contract_of_local_backends() {
        crate::testing::conformance::local(|capacity| Moka::new().capacity(capacity));
    }

    /// Panics as it is dropped.
    struct Fragile;

    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "a fault in the code of a value");
        }
    }

    #[test]
    fn values_that_panic_as_they_are_evicted_cost_nobody_anything() {
        let tier = Moka::new().capacity(4);
        let key = |number: u64| Key::new("value").part(&number);
        for number in 0..2_000 {
            tier.insert(&key(number), Entry::new(Some(Fragile), 1));
            let _ = tier.get(key(number / 2).borrowed());
            tier.remove(key(number / 3).borrowed());
        }
        tier.sweep(&|_| true);
        assert_eq!(tier.len(), 0);
    }
}
