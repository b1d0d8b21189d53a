//! What the local tier keeps.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::remote::feed::Stamp;

/// A value in the local tier and how long it lives. Backends store it and hand it back; only the
/// cache looks inside.
///
/// The value lies in the same allocation as its metadata.
pub struct Entry<V: ?Sized = dyn Any + Send + Sync> {
    /// By the cache's clock. An entry is made before it is known how long it may live.
    expires: AtomicU64,
    stamp: AtomicU64,
    version: u32,
    value: V,
}

impl<T: Send + Sync + 'static> Entry<Option<T>> {
    /// An entry of `value` (`None`: the function found that there is none), expired until it is
    /// told [`live`](Entry::live).
    pub(crate) fn new(value: Option<T>, version: u32) -> Arc<Entry> {
        let (expires, stamp) = (AtomicU64::new(0), AtomicU64::new(Stamp::ALONE.bits()));
        Arc::new(Self { expires, stamp, version, value })
    }
}

impl Entry {
    pub(crate) fn live(&self, stamp: Stamp, expires: u64) {
        self.stamp.store(stamp.bits(), Relaxed);
        self.expires.store(expires, Relaxed);
    }

    /// What it depends on.
    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::from_bits(self.stamp.load(Relaxed))
    }

    #[inline]
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        self.expires.load(Relaxed) <= now
    }

    /// The stored value, if it is of type `T` and of this version.
    #[inline]
    pub(crate) fn value<T: 'static>(&self, version: u32) -> Option<&Option<T>> {
        if self.version == version { self.value.downcast_ref() } else { None }
    }
}

impl<V: ?Sized> fmt::Debug for Entry<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("expires", &self.expires)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
