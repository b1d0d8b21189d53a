//! What the local tier keeps.

use std::any::{Any, TypeId};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::failure::Failure;
use crate::life::{Span, State};
use crate::policy::Policy;
use crate::remote::feed::Stamp;

/// A value in the local tier and how long it lives. Backends store it and hand it back; only the
/// cache looks inside.
///
/// The value lies in the same allocation as its metadata. In front of it lies what every hit looks at,
/// behind it what only some do: a small value shares its cache line with the former.
pub struct Entry<H: ?Sized = dyn Held> {
    /// By the cache's clock, as in [`Span`]. An entry is made before it is known how long it may
    /// live.
    due: AtomicU64,
    stamp: AtomicU64,
    version: u32,
    is_none: bool,
    held: H,
}

/// A value of any type, and the rest of its metadata.
pub trait Held: Any + Send + Sync {
    #[doc(hidden)]
    fn rest(&self) -> &Rest;
}

/// What panics as it is dropped does so in here: it may be a backend that drops it, or whoever reads another
/// value.
#[repr(C)]
struct Holding<T> {
    value: Option<T>,
    rest: Rest,
}

impl<T> Drop for Holding<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        let _ = catch_unwind(AssertUnwindSafe(move || drop(value)));
    }
}

#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Rest {
    soft: AtomicU64,
    hard: AtomicU64,
    /// When a new value may be tried to be loaded again.
    retry: AtomicU64,
    cost: AtomicU32,
}

impl<T: Send + Sync + 'static> Held for Holding<T> {
    fn rest(&self) -> &Rest {
        &self.rest
    }
}

/// An error that is remembered in the place of a value.
struct Remembered(Failure);

impl Entry {
    /// An entry of `value` (`None`: the function found that there is none), expired until it is
    /// told [`live`](Entry::live).
    pub(crate) fn new<T: Send + Sync + 'static>(value: Option<T>, version: u32) -> Arc<Self> {
        let is_none = value.is_none();
        Self::around(value, version, is_none)
    }

    /// What an entry of a `T`, or of none, is told from others by.
    pub(crate) const fn id_of<T: 'static>() -> TypeId {
        TypeId::of::<Holding<T>>()
    }

    fn around<T>(value: Option<T>, version: u32, is_none: bool) -> Arc<Self>
    where
        T: Send + Sync + 'static,
    {
        Arc::new(Entry {
            due: AtomicU64::new(0),
            stamp: AtomicU64::new(Stamp::ALONE.bits()),
            version,
            is_none,
            held: Holding { value, rest: Rest::default() },
        })
    }
}

impl Entry {
    /// An entry that stands for an error.
    pub(crate) fn failed(failure: Failure, version: u32) -> Arc<Self> {
        Self::around(Some(Remembered(failure)), version, false)
    }

    pub(crate) fn live(&self, stamp: Stamp, span: Span) {
        self.stamp.store(stamp.bits(), Relaxed);
        self.due.store(span.due, Relaxed);
        let Rest { soft, hard, cost, .. } = self.held.rest();
        soft.store(span.soft, Relaxed);
        hard.store(span.hard, Relaxed);
        cost.store(span.cost, Relaxed);
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
        self.held.rest().hard.load(Relaxed) <= now
    }

    /// Until when it is fresh.
    pub(crate) fn soft(&self) -> u64 {
        self.held.rest().soft.load(Relaxed)
    }

    /// Until when it may be served, to callers of `policy`.
    pub(crate) fn end(&self, policy: Policy) -> u64 {
        self.held.rest().hard.load(Relaxed).min(self.soft().saturating_add(policy.stale_window()))
    }

    /// What it is good for, for callers of `policy`.
    pub(crate) fn state(&self, now: u64, policy: Policy) -> State {
        let span = Span {
            due: self.due.load(Relaxed),
            soft: self.held.rest().soft.load(Relaxed),
            hard: self.held.rest().hard.load(Relaxed),
            cost: self.held.rest().cost.load(Relaxed),
        };
        span.state(now, policy)
    }

    /// Takes the right to try to replace the value, which nobody else gets before `until`. Answers
    /// whether nobody had it.
    pub(crate) fn attempt(&self, now: u64, until: u64) -> bool {
        let retry = self.held.rest().retry.load(Relaxed);
        retry <= now
            && self.held.rest().retry.compare_exchange(retry, until, Relaxed, Relaxed).is_ok()
    }

    /// Lets nobody try to replace the value before `moment`, and then anybody.
    pub(crate) fn retry_at(&self, moment: u64) {
        self.held.rest().retry.store(moment, Relaxed);
    }

    /// The stored value, if it is of type `T` and of this version.
    #[inline]
    pub(crate) fn value<T: 'static>(&self, version: u32) -> Option<&Option<T>> {
        if self.version == version { self.held() } else { None }
    }

    /// The same, of whatever version it is.
    pub(crate) fn value_of_any_version<T: 'static>(&self) -> Option<&Option<T>> {
        self.held()
    }

    /// The stored value; it is cloned where others hold the entry as well.
    pub(crate) fn into_value<T>(mut self: Arc<Self>, version: u32) -> Option<Option<T>>
    where
        T: Clone + 'static,
    {
        // Asked first: of a crowd that takes it at once, nobody has to write to learn that.
        if Arc::strong_count(&self) == 1
            && let Some(entry) = Arc::get_mut(&mut self).filter(|entry| entry.version == version)
        {
            let held: &mut dyn Any = &mut entry.held;
            return held.downcast_mut::<Holding<T>>().map(|holding| holding.value.take());
        }
        self.value(version).cloned()
    }

    /// Whether it is of the type of this [`id_of`](Self::id_of), and of this version.
    pub(crate) fn is_of(&self, id: TypeId, version: u32) -> bool {
        let held: &dyn Any = &self.held;
        self.version == version && held.type_id() == id
    }

    /// Whether it says that there is no value.
    pub(crate) fn is_none(&self) -> bool {
        self.is_none
    }

    /// The error it stands for, of a function of this version.
    pub(crate) fn failure(&self, version: u32) -> Option<&Failure> {
        let remembered = self.held::<Remembered>()?.as_ref()?;
        (self.version == version).then_some(&remembered.0)
    }

    /// Whether it stands for an error.
    pub(crate) fn is_failure(&self) -> bool {
        self.held::<Remembered>().is_some()
    }

    #[inline]
    fn held<T: 'static>(&self) -> Option<&Option<T>> {
        let held: &dyn Any = &self.held;
        held.downcast_ref::<Holding<T>>().map(|holding| &holding.value)
    }
}

impl<H: Held + ?Sized> fmt::Debug for Entry<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("due", &self.due)
            .field("rest", self.held.rest())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
