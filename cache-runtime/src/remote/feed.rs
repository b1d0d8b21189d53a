//! The change feed: what makes local tiers of different processes agree.
//!
//! While the backend follows all changes of the namespace, an entry of the local tier is as good as
//! the cell it was read from. The feed says since when that has been so (its *epoch*) and until when
//! it may be relied on. An entry bears the epoch it was stored in, and every hit compares: when the
//! feed comes back after a gap, the epoch advances, and all that is older is gone at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::clock::Clock;
use crate::key::Key;

/// Who is told of changes: the cache.
pub(crate) trait Listener: Send + Sync {
    /// The cell of `key` has changed, or may have.
    fn changed(&self, key: &Key);
    /// Any cell may have.
    fn all_changed(&self);
}

/// A moment of the cache's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// What a backend tells of the changes it follows.
///
/// Everything told is done when the method returns. The methods neither block nor wait: they may
/// be called where the bytes of a connection are read.
#[derive(Clone)]
pub struct Changes {
    feed: Arc<Feed>,
    prefix: Arc<str>,
    listener: Weak<dyn Listener>,
}

impl Changes {
    /// This moment. To be taken before the question is sent whose answer proves a sign of life.
    pub fn now(&self) -> Moment {
        Moment(self.feed.clock.now())
    }

    /// All changes made after `since` will be told.
    pub fn armed(&self, since: Moment) {
        let _ = since;
        todo!()
    }

    /// All changes made before `since` have been told.
    pub fn alive(&self, since: Moment) {
        let _ = since;
        todo!()
    }

    /// The cell under `key` has changed. Keys that don't begin with the prefix are passed over.
    pub fn changed(&self, key: &[u8]) {
        let _ = key;
        todo!()
    }

    /// Any cell may have changed: all were removed, say.
    pub fn all_changed(&self) {
        todo!()
    }
}

/// Since when changes have been followed, and until when that may be relied on.
pub(crate) struct Feed {
    clock: Clock,
    epoch: AtomicU64,
    until: AtomicU64,
}
