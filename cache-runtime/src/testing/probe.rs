use crate::cache::Cache;

/// What tests may ask of a cache beside what users may.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Cache, testing::Probe};
///
/// let cache = Cache::builder().no_remote().build();
/// assert_eq!(cache.in_flight(), 0);
/// ```
pub trait Probe {
    /// How many keys are being loaded or written.
    fn in_flight(&self) -> usize;

    /// How many entries the local tier holds, expired ones included.
    fn local_len(&self) -> u64;

    /// Frees what is expired, as the cache does now and then by itself.
    fn sweep(&self);

    /// Whether what other processes change is told now. Begins to follow if nobody does yet.
    fn is_told(&self) -> bool;
}

impl Probe for Cache {
    fn in_flight(&self) -> usize {
        self.flights().len()
    }

    fn local_len(&self) -> u64 {
        self.local_entries()
    }

    fn sweep(&self) {
        self.free_expired();
    }

    fn is_told(&self) -> bool {
        self.any_remote().is_some_and(|tier| tier.trust().is_connected())
    }
}
