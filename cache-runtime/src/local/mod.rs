//! The local tier: values as they are, in this process.

mod front;
#[cfg(feature = "moka")]
mod moka;
#[cfg(feature = "quick-cache")]
mod quick_cache;

use std::sync::Arc;

pub(crate) use self::front::Front;
#[cfg(feature = "moka")]
pub use self::moka::Moka;
#[cfg(feature = "quick-cache")]
pub use self::quick_cache::QuickCache;
use crate::entry::Entry;
use crate::key::{Key, KeyRef};

/// A store of entries in this process.
///
/// # Contract
///
/// - What `insert` stored, `get` returns until it is removed or evicted. Once `remove` has
///   returned, no `get` that begins afterwards returns what stood there, in any thread. Once
///   `insert` has returned, no `get` returns what stood there before.
/// - The cache decides what is expired, and asks for it to be removed; the backend decides what to
///   evict when its capacity is reached.
/// - Of the hits of a hot key, `get` sees a sample: a thread that has just been given an entry finds it
///   again by itself, until `insert` or `remove` is called for the key, or nobody holds the entry. So a
///   backend should not hold an entry that it has evicted, and serves one cache: what another one
///   inserts or removes is not seen in time.
/// - Methods are called from many threads at once. `insert` and `remove` are called under a lock of
///   the cache: they neither call back into it nor take longer than a short critical section. `get`
///   is called under that lock as well.
///
/// `testing::conformance::local` checks it.
pub trait LocalBackend: Send + Sync + 'static {
    /// The entry under `key`.
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>>;

    /// Stores `entry` under `key`, in place of what stands there.
    fn insert(&self, key: &Key, entry: Arc<Entry>);

    /// Removes the entry under `key`.
    fn remove(&self, key: KeyRef<'_>);

    /// Removes the entries that are `dead`, and finishes what the backend has put off. Called now
    /// and then, on a thread of the cache's own.
    fn sweep(&self, dead: &dyn Fn(&Entry) -> bool);

    /// How many entries there are, roughly: what is put off may be counted or not.
    fn len(&self) -> u64;

    /// Whether there are no entries, as roughly.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(any(feature = "moka", feature = "quick-cache"))]
impl equivalent::Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self == key
    }
}
