//! What the local tier keeps.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::failure::Failure;
use crate::life::{Span, State};
use crate::policy::Policy;
use crate::remote::feed::Stamp;

/// A value in the local tier and how long it lives. Backends store it and hand it back; only the
/// cache looks inside.
///
/// The value lies in the same allocation as its metadata.
pub struct Entry<V: ?Sized = dyn Any + Send + Sync> {
    /// By the cache's clock, as in [`Span`]. An entry is made before it is known how long it may
    /// live.
    due: AtomicU64,
    soft: AtomicU64,
    hard: AtomicU64,
    /// When a new value may be tried to be loaded again.
    retry: AtomicU64,
    stamp: AtomicU64,
    cost: AtomicU32,
    version: u32,
    value: V,
}

/// An error that is remembered in the place of a value.
struct Remembered(Failure);

impl<T: Send + Sync + 'static> Entry<Option<T>> {
    /// An entry of `value` (`None`: the function found that there is none), expired until it is
    /// told [`live`](Entry::live).
    pub(crate) fn new(value: Option<T>, version: u32) -> Arc<Entry> {
        Entry::around(value, version)
    }
}

impl<V: Send + Sync + 'static> Entry<V> {
    fn around(value: V, version: u32) -> Arc<Entry> {
        Arc::new(Self {
            due: AtomicU64::new(0),
            soft: AtomicU64::new(0),
            hard: AtomicU64::new(0),
            retry: AtomicU64::new(0),
            stamp: AtomicU64::new(Stamp::ALONE.bits()),
            cost: AtomicU32::new(0),
            version,
            value,
        })
    }
}

impl Entry {
    /// An entry that stands for an error.
    pub(crate) fn failed(failure: Failure, version: u32) -> Arc<Self> {
        Entry::around(Remembered(failure), version)
    }

    pub(crate) fn live(&self, stamp: Stamp, span: Span) {
        self.stamp.store(stamp.bits(), Relaxed);
        self.cost.store(span.cost, Relaxed);
        self.due.store(span.due, Relaxed);
        self.soft.store(span.soft, Relaxed);
        self.hard.store(span.hard, Relaxed);
    }

    /// What it depends on.
    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::from_bits(self.stamp.load(Relaxed))
    }

    /// Whether it is more or less than a hit.
    #[inline]
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.due.load(Relaxed) <= now
    }

    #[inline]
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        self.hard.load(Relaxed) <= now
    }

    /// Until when it is fresh.
    pub(crate) fn soft(&self) -> u64 {
        self.soft.load(Relaxed)
    }

    /// Until when it may be served, to callers of `policy`.
    pub(crate) fn end(&self, policy: Policy) -> u64 {
        self.hard.load(Relaxed).min(self.soft().saturating_add(policy.stale_window()))
    }

    /// What it is good for, for callers of `policy`.
    pub(crate) fn state(&self, now: u64, policy: Policy) -> State {
        let span = Span {
            due: self.due.load(Relaxed),
            soft: self.soft.load(Relaxed),
            hard: self.hard.load(Relaxed),
            cost: self.cost.load(Relaxed),
        };
        span.state(now, policy)
    }

    /// Takes the right to try to replace the value, which nobody else gets before `until`. Answers
    /// whether nobody had it.
    pub(crate) fn attempt(&self, now: u64, until: u64) -> bool {
        let retry = self.retry.load(Relaxed);
        retry <= now && self.retry.compare_exchange(retry, until, Relaxed, Relaxed).is_ok()
    }

    /// Lets nobody try to replace the value before `moment`, and then anybody.
    pub(crate) fn retry_at(&self, moment: u64) {
        self.retry.store(moment, Relaxed);
    }

    /// The stored value, if it is of type `T` and of this version.
    #[inline]
    pub(crate) fn value<T: 'static>(&self, version: u32) -> Option<&Option<T>> {
        if self.version == version { self.value.downcast_ref() } else { None }
    }

    /// The error it stands for, of a function of this version.
    pub(crate) fn failure(&self, version: u32) -> Option<&Failure> {
        let remembered = self.value.downcast_ref::<Remembered>()?;
        (self.version == version).then_some(&remembered.0)
    }

    /// Whether it stands for an error.
    pub(crate) fn is_failure(&self) -> bool {
        self.value.is::<Remembered>()
    }
}

impl<V: ?Sized> fmt::Debug for Entry<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("soft", &self.soft)
            .field("hard", &self.hard)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
