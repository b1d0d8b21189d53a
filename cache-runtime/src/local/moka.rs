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
    fn a_value_that_panics_as_it_is_evicted_costs_no_reader_a_value() {
        let tier = crate::local::front::Front::new(Arc::new(Moka::new().capacity(4)));
        let key = |number: u64| Key::new("value").part(&number);
        for number in 0..40 {
            tier.insert(&key(number), Entry::new(Some(Fragile), 1));
        }
        let read = || {
            for number in 0..2_000 {
                let _ = tier.get(key(number % 40).borrowed());
            }
        };
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
        std::mem::forget(tier);
        assert!(read.is_ok(), "a cache fault has reached a reader");
    }

    #[test]
    fn values_that_have_panicked_as_they_were_evicted_leave_a_tier_that_works() {
        use std::panic::{AssertUnwindSafe, catch_unwind};

        let tier = crate::local::front::Front::new(Arc::new(Moka::new().capacity(4)));
        let key = |number: u64| Key::new("value").part(&number);
        for number in 0..1_000 {
            let insert = || tier.insert(&key(number % 100), Entry::new(Some(Fragile), 1));
            let _ = catch_unwind(AssertUnwindSafe(insert));
        }
        let panics = |number: u64| {
            let insert = || tier.insert(&key(number), Entry::new(Some(number), 1));
            catch_unwind(AssertUnwindSafe(insert)).is_err()
        };
        // What is left of the values that panic is dropped by and by.
        let panicked = (1_000..50_000).filter(|number| panics(*number)).last();
        let removing = || tier.remove(key(60_000).borrowed());
        let removed = catch_unwind(AssertUnwindSafe(removing));
        std::mem::forget(tier);
        assert!(panicked.is_none_or(|last| last < 40_000), "it panics for ever: {panicked:?}");
        assert!(removed.is_ok(), "invalidations panic, too");
    }
}
