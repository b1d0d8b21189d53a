//! The change feed: what makes the local tiers of different processes agree.
//!
//! While the backend follows all changes of the namespace, an entry of the local tier is as good as
//! the cell it was read from. An entry bears the *epoch* it was stored in, and every hit compares:
//! when the feed comes back after a gap the epoch advances, and all that is older is gone at once.
//! Between gaps a hit counts for `disconnected_ttl` after the last sign of life.

mod keeper;

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::sync::{Arc, Weak};

pub(crate) use self::keeper::Keeper;
use crate::clock::Clock;
use crate::key::Key;

/// Who is told of changes: the cache.
pub(crate) trait Listener: Send + Sync {
    /// The cell of `key` has changed, or may have.
    fn changed(&self, key: &Key);
    /// Any cell may have.
    fn all_changed(&self);
}

/// What an entry depends on: nothing, or the feed, as it was when the entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// Of an entry that no other process invalidates.
    pub(crate) const ALONE: Self = Self(0);

    fn new(epoch: u64, is_connected: bool) -> Self {
        Self(epoch << 1 | u64::from(is_connected))
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    fn epoch(self) -> u64 {
        self.0 >> 1
    }

    fn is_connected(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What the local tier may make of a value that is asked for at this moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trust {
    pub(crate) stamp: Stamp,
    /// The moment, by the cache's clock.
    pub(crate) since: u64,
}

impl Trust {
    /// Whether changes made elsewhere are told.
    pub(crate) fn is_connected(self) -> bool {
        self.stamp.is_connected()
    }

    /// The same, should nobody tell.
    pub(crate) fn cut_off(self) -> Self {
        Self { stamp: Stamp(self.stamp.0 & !1), ..self }
    }

    /// Whether there is nobody elsewhere.
    pub(crate) fn is_alone(self) -> bool {
        self.stamp == Stamp::ALONE
    }
}

/// Since when changes have been followed, and until when that counts.
pub(crate) struct Feed {
    clock: Clock,
    disconnected_ttl: u64,
    /// Never zero.
    epoch: AtomicU64,
    until: AtomicU64,
    is_armed: AtomicBool,
    /// The call of `follow` whose word counts.
    current: AtomicU64,
    armed: AtomicU64,
    lost: AtomicU64,
}

impl Feed {
    pub(crate) fn new(clock: Clock, disconnected_ttl: u64) -> Arc<Self> {
        Arc::new(Self {
            clock,
            disconnected_ttl,
            epoch: AtomicU64::new(1),
            until: AtomicU64::new(0),
            is_armed: AtomicBool::new(false),
            current: AtomicU64::new(0),
            armed: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        })
    }

    /// What an entry that is asked for now will depend on.
    pub(crate) fn trust(&self) -> Trust {
        // The epoch first: one that advances meanwhile outdates the entry.
        let epoch = self.epoch.load(Acquire);
        let since = self.clock.now();
        let is_connected = self.is_armed.load(Acquire) && since < self.until.load(Acquire);
        Trust { stamp: Stamp::new(epoch, is_connected), since }
    }

    /// Whether an entry of this stamp still counts, as far as other processes are concerned.
    #[inline]
    pub(crate) fn vouches_for(&self, stamp: Stamp, now: u64) -> bool {
        // The epoch last: who sees that it was armed anew sees the new one.
        stamp == Stamp::ALONE
            || ((!stamp.is_connected() || now < self.until.load(Acquire))
                && stamp.epoch() == self.epoch.load(Acquire))
    }

    /// How often the feed was armed, and lost.
    pub(crate) fn changes_of_state(&self) -> (u64, u64) {
        (self.armed.load(Relaxed), self.lost.load(Relaxed))
    }

    fn alive(&self, since: Moment) {
        self.until.fetch_max(since.0.saturating_add(self.disconnected_ttl), AcqRel);
    }

    /// Ends the epoch: whatever was stored in it is gone.
    fn advance(&self) {
        self.epoch.fetch_add(1, AcqRel);
    }

    /// Notes that nobody follows any more; answers whether somebody did.
    fn disarm(&self) -> bool {
        let was_armed = self.is_armed.swap(false, AcqRel);
        if was_armed {
            self.lost.fetch_add(1, Relaxed);
        }
        self.until.fetch_min(self.clock.now().saturating_add(self.disconnected_ttl), AcqRel);
        was_armed
    }
}

/// A moment of the cache's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// What a backend tells of the changes it follows.
///
/// What is told has been acted upon when the method returns. The methods neither block nor wait:
/// they may be called where the bytes of a connection are read.
#[derive(Clone)]
pub struct Changes {
    feed: Arc<Feed>,
    prefix: Arc<str>,
    listener: Weak<dyn Listener>,
    number: u64,
}

impl Changes {
    /// A new call of `follow`: what earlier ones tell of their state counts no more.
    pub(crate) fn new(feed: Arc<Feed>, prefix: &str, listener: Weak<dyn Listener>) -> Self {
        let number = feed.current.fetch_add(1, AcqRel) + 1;
        Self { feed, prefix: prefix.into(), listener, number }
    }

    /// This moment. To be taken before the question is sent whose answer is a sign of life.
    pub fn now(&self) -> Moment {
        Moment(self.feed.clock.now())
    }

    /// From now on all changes made after `since` are told.
    pub fn armed(&self, since: Moment) {
        if !self.is_current() {
            return;
        }
        self.all_changed();
        self.feed.alive(since);
        if !self.feed.is_armed.swap(true, AcqRel) {
            self.feed.armed.fetch_add(1, Relaxed);
            tracing::info!("the local tier follows the remote one");
        }
    }

    /// All changes made before `since` have been told.
    pub fn alive(&self, since: Moment) {
        if self.is_current() {
            self.feed.alive(since);
        }
    }

    /// The cell under `key` has changed. Keys that don't begin with the prefix are passed over.
    pub fn changed(&self, key: &[u8]) {
        let key = key.strip_prefix(self.prefix.as_bytes());
        let key = key.and_then(|key| std::str::from_utf8(key).ok());
        if let (Some(key), Some(listener)) = (key, self.listener.upgrade()) {
            listener.changed(&Key::from(key));
        }
    }

    /// Any cell may have changed: all were removed, say.
    pub fn all_changed(&self) {
        self.feed.advance();
        if let Some(listener) = self.listener.upgrade() {
            listener.all_changed();
        }
    }

    fn is_current(&self) -> bool {
        self.feed.current.load(Acquire) == self.number
    }

    /// Notes that nothing more will be told; answers whether that is news.
    fn ended(&self) -> bool {
        self.is_current() && self.feed.disarm()
    }

    /// A sign of life for ever, of a backend that tells changes before they are answered.
    #[cfg(feature = "testing")]
    pub(crate) fn alive_for_ever(&self) {
        self.alive(Moment(u64::MAX));
    }
}
