//! What a function wants of the cache that its policy can't say: it depends on types or arguments.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Duration;

use super::load::Brought;
use super::{Call, Limited, Read};
use crate::clock::millis;
use crate::entry::Entry;
use crate::entry_ref::{AnyEntryRef, Product, TtlOf};
use crate::failure::ErrorIsClone;
use crate::life::Life;
use crate::returns::{Kind, Shape};
use crate::timeout::FromTimeout;

/// The settings of one call that depend on the type of its value.
pub(super) struct Given<S: Shape> {
    ttl_of: TtlOf<S::Value>,
    /// What is not to be stored.
    unless: Option<Unless<S::Value>>,
}

type Unless<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

impl<S: Shape> Default for Given<S> {
    fn default() -> Self {
        Self { ttl_of: None, unless: None }
    }
}

impl<S: Shape> Given<S> {
    /// What a body has brought that has `returned` this.
    pub(super) fn brought(&self, returned: &S::Return, entry: &AnyEntryRef) -> Brought {
        let Some(value) = S::Kind::stored(returned) else {
            return Brought::Error(S::share(returned));
        };
        let is_stored = match (&self.unless, value) {
            (Some(unless), Some(value)) => !unless(value),
            _ => true,
        };
        Brought::Value(if is_stored {
            entry.product(value, self.ttl_of)
        } else {
            unstored(Entry::new(value.cloned(), entry.version()))
        })
    }
}

/// What is for those who wait alone.
pub(super) fn unstored(entry: Arc<Entry>) -> Product {
    Product { entry, life: Life::default() }
}

/// How far a call has come, for the caller who has waited too long to know.
#[derive(Default)]
pub(super) struct Stage(AtomicU8);

impl Stage {
    /// It waits for another call.
    const FOLLOWS: u8 = 0;
    /// It loads, or is about to.
    const LEADS: u8 = 1;
    /// It has a value that it can take.
    const HAS_AT_HAND: u8 = 2;

    pub(super) fn leads(&self) -> bool {
        self.0.load(Relaxed) == Self::LEADS
    }

    pub(super) fn has_at_hand(&self) -> bool {
        self.0.load(Relaxed) == Self::HAS_AT_HAND
    }
}

impl Read {
    /// Notes that this call loads, or is about to.
    pub(super) fn leads(&self) {
        self.is_at(Stage::LEADS);
    }

    /// Notes that this call waits for another one.
    pub(super) fn follows(&self) {
        self.is_at(Stage::FOLLOWS);
    }

    /// Notes that this call has a value that it can take.
    pub(super) fn has_at_hand(&self) {
        self.is_at(Stage::HAS_AT_HAND);
    }

    fn is_at(&self, at: u8) {
        if let Some(stage) = &self.stage {
            stage.0.store(at, Relaxed);
        }
    }
}

impl<S: Shape> Call<S> {
    /// Lets a value live for the time that `ttl` answers for it.
    pub fn ttl_of(mut self, ttl: fn(&S::Value) -> Duration) -> Self {
        self.given.ttl_of = Some(ttl);
        self
    }

    /// Doesn't store values for which `unless` answers true.
    pub fn unless(
        mut self,
        unless: impl Fn(&S::Value) -> bool + Send + Sync + 'static, // it may outlive the call
    ) -> Self {
        self.given.unless = Some(Box::new(unless));
        self
    }

    /// Remembers errors for so many seconds.
    pub fn err_ttl_secs(self, seconds: u64) -> Self
    where
        S::Return: ErrorIsClone, // each caller gets one
    {
        self.err_ttl_millis(seconds.saturating_mul(1000))
    }

    /// Remembers errors for so long.
    pub fn err_ttl(self, ttl: Duration) -> Self
    where
        S::Return: ErrorIsClone, // each caller gets one
    {
        self.err_ttl_millis(millis(ttl))
    }

    /// Remembers errors for so many milliseconds.
    pub fn err_ttl_millis(mut self, ttl: u64) -> Self
    where
        S::Return: ErrorIsClone, // each caller gets one
    {
        self.read.err_ttl = Some(ttl);
        self
    }

    /// Lets a caller wait for so many seconds, with nothing at hand.
    pub fn hard_timeout_secs(self, seconds: u64) -> Limited<S>
    where
        S::Return: FromTimeout, // what the caller gets
    {
        self.hard_timeout(Duration::from_secs(seconds))
    }

    /// Lets a caller wait for so many milliseconds, with nothing at hand.
    pub fn hard_timeout_millis(self, millis: u64) -> Limited<S>
    where
        S::Return: FromTimeout, // what the caller gets
    {
        self.hard_timeout(Duration::from_millis(millis))
    }

    /// Lets a caller wait for so long, with nothing at hand.
    pub fn hard_timeout(self, after: Duration) -> Limited<S>
    where
        S::Return: FromTimeout, // what the caller gets
    {
        Limited { call: self, after, failed: S::Return::from_timeout }
    }
}
