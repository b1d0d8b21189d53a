//! What a function wants of the cache that its policy can't say: it depends on types or arguments.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Duration;

use super::Call;
use crate::clock::millis;
use crate::failure::ErrorIsClone;
use crate::returns::Shape;
use crate::timeout::{FromTimeout, Timeout};

/// The settings of one call. Most have none.
pub(super) struct Settings<S: Shape>(Option<Box<Given<S>>>);

struct Given<S: Shape> {
    /// What is not to be stored.
    unless: Option<Unless<S::Value>>,
    /// How long an error is remembered, in milliseconds.
    err_ttl: Option<u64>,
    hard_timeout: Option<HardTimeout<S>>,
}

type Unless<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

/// How long a caller waits that has nothing at hand.
pub(super) struct HardTimeout<S: Shape> {
    pub(super) after: Duration,
    pub(super) failed: fn(Timeout) -> S::Return,
    pub(super) stage: Arc<Stage>,
}

impl<S: Shape> Clone for HardTimeout<S> {
    fn clone(&self) -> Self {
        Self { stage: self.stage.clone(), ..*self }
    }
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

impl<S: Shape> Default for Settings<S> {
    fn default() -> Self {
        Self(None)
    }
}

impl<S: Shape> Default for Given<S> {
    fn default() -> Self {
        Self { unless: None, err_ttl: None, hard_timeout: None }
    }
}

impl<S: Shape> Settings<S> {
    fn given(&mut self) -> &mut Given<S> {
        self.0.get_or_insert_default()
    }

    pub(super) fn stores(&self, value: Option<&S::Value>) -> bool {
        let unless = self.0.as_ref().and_then(|given| given.unless.as_ref());
        unless.zip(value).is_none_or(|(unless, value)| !unless(value))
    }

    pub(super) fn err_ttl(&self) -> Option<u64> {
        self.0.as_ref()?.err_ttl
    }

    pub(super) fn hard_timeout(&self) -> Option<HardTimeout<S>> {
        self.0.as_ref()?.hard_timeout.clone()
    }

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

    fn is_at(&self, stage: u8) {
        if let Some(timeout) = self.0.as_ref().and_then(|given| given.hard_timeout.as_ref()) {
            timeout.stage.0.store(stage, Relaxed);
        }
    }
}

impl<S: Shape> Call<S> {
    /// Lets a value live for the time that `ttl` answers for it.
    pub fn ttl_of(mut self, ttl: fn(&S::Value) -> Duration) -> Self {
        self.entry = self.entry.ttl_of(ttl);
        self
    }

    /// Doesn't store values for which `unless` answers true.
    pub fn unless(
        mut self,
        unless: impl Fn(&S::Value) -> bool + Send + Sync + 'static, // it may outlive the call
    ) -> Self {
        self.settings.given().unless = Some(Box::new(unless));
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
        self.settings.given().err_ttl = Some(ttl);
        self
    }

    /// Lets a caller wait for so many seconds, with nothing at hand.
    pub fn hard_timeout_secs(self, seconds: u64) -> Self
    where
        S::Return: FromTimeout, // what the caller gets
    {
        self.hard_timeout(Duration::from_secs(seconds))
    }

    /// Lets a caller wait for so many milliseconds, with nothing at hand.
    pub fn hard_timeout_millis(self, millis: u64) -> Self
    where
        S::Return: FromTimeout, // what the caller gets
    {
        self.hard_timeout(Duration::from_millis(millis))
    }

    /// Lets a caller wait for so long, with nothing at hand.
    pub fn hard_timeout(mut self, after: Duration) -> Self
    where
        S::Return: FromTimeout, // what the caller gets
    {
        let failed = S::Return::from_timeout;
        let stage = Arc::default();
        self.settings.given().hard_timeout = Some(HardTimeout { after, failed, stage });
        self
    }
}
