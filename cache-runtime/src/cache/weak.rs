//! What knows a cache without keeping it alive: its sweeper, and the feed that tells it of changes.

use std::sync::{Arc, Weak};

use super::{Cache, Inner};
use crate::key::Key;
use crate::local::LocalBackend;
use crate::remote::feed::Listener;

impl Cache {
    pub(crate) fn downgrade(&self) -> WeakCache {
        WeakCache(Arc::downgrade(&self.0))
    }

    /// Has the remote tier tell what other processes change, for as long as this cache lives.
    pub(super) fn follow(&self) {
        if let Some(tier) = &self.0.remote {
            let this: Weak<dyn Listener> = Arc::downgrade(&self.0) as _;
            tier.follow(this);
        }
    }
}

impl Listener for Inner {
    fn changed(&self, key: &Key) {
        self.flights.doubt(key, || {
            let Some(local) = &self.local else { return };
            // What is told may be the end of the lease of the very load that ended in the error.
            if !local.get(key.borrowed()).is_some_and(|entry| entry.is_failure()) {
                local.remove(key.borrowed());
            }
        });
    }

    fn all_changed(&self) {
        self.flights.doubt_all();
    }
}

/// A cache that may be gone.
pub(crate) struct WeakCache(Weak<Inner>);

impl WeakCache {
    pub(crate) fn upgrade(&self) -> Option<Cache> {
        self.0.upgrade().map(Cache)
    }

    pub(crate) fn is(&self, cache: &Cache) -> bool {
        self.0.as_ptr() == Arc::as_ptr(&cache.0)
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}
