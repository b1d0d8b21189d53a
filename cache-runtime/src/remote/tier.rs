//! The remote tier as the cache uses it: with a budget, a breaker and a memory of what it owes.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::Backend;
use super::cell::Cell;
use super::feed::{Feed, Keeper, Listener, Trust};
use super::pending::Pending;
use crate::breaker::{Breaker, Permit};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::stats::RemoteStats;

/// What a cache grants its remote tier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) budget: Duration,
    pub(crate) lease: Duration,
    pub(crate) value_bytes: usize,
    pub(crate) pending: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget: Duration::from_millis(250),
            lease: Duration::from_secs(10),
            value_bytes: 1 << 20,
            pending: 10_000,
        }
    }
}

/// The time that is left to one read or write for all its calls of the remote tier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(Duration);

impl Budget {
    pub(super) fn of(time: Duration) -> Self {
        // What is added to the time of day must not overflow.
        Self(time.min(Duration::from_secs(1 << 30)))
    }
}

pub(crate) struct Tier {
    pub(super) backend: Backend,
    pub(super) limits: Limits,
    pub(super) pending: Pending,
    pub(super) barriers_missed: AtomicU64,
    prefix: String,
    breaker: Breaker,
    keeper: Keeper,
}

/// A command on its way. One that its caller gives up after a while counts as a failure: callers
/// less patient than the budget would keep a silent tier in use otherwise.
struct Asked<'a> {
    permit: Option<Permit<'a>>,
    began: Instant,
}

const A_WHILE: Duration = Duration::from_millis(50);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take()
            && self.began.elapsed() >= A_WHILE
        {
            permit.failure();
        }
    }
}

/// Whether the remote tier is well, although it could not do what it was asked.
fn has_answered(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Foreign | ErrorKind::Full | ErrorKind::Unsupported)
}

impl Tier {
    pub(crate) fn new(
        backend: Backend,
        namespace: &str,
        clock: Clock,
        limits: Limits,
        disconnected_ttl: u64,
    ) -> Arc<Self> {
        let prefix = format!("{namespace}:");
        let feed = Feed::new(clock.clone(), disconnected_ttl);
        Arc::new(Self {
            keeper: Keeper::new(feed, backend.clone(), &prefix),
            backend,
            limits,
            pending: Pending::new(limits.pending),
            barriers_missed: AtomicU64::new(0),
            prefix,
            breaker: Breaker::new(clock),
        })
    }

    /// Says who is told of changes made elsewhere.
    pub(crate) fn follow(&self, listener: Weak<dyn Listener>) {
        self.keeper.follow(listener);
    }

    /// Who is told of changes made elsewhere.
    pub(super) fn listener(&self) -> Option<Arc<dyn Listener>> {
        self.keeper.listener()
    }

    /// What an entry that is asked for now will depend on.
    pub(crate) fn trust(&self) -> Trust {
        self.keeper.trust()
    }

    /// What local entries depend on.
    pub(crate) fn feed(&self) -> &Arc<Feed> {
        self.keeper.feed()
    }

    /// The name of `key` among those of everybody who uses this server.
    pub(super) fn name(&self, key: &Key) -> String {
        let key = key.as_str();
        let mut name = String::with_capacity(self.prefix.len() + key.len());
        name.push_str(&self.prefix);
        name.push_str(key);
        name
    }

    /// A name for `what` of `key` that belongs to no cell of the namespace.
    pub(super) fn name_beside(&self, what: &str, key: &Key) -> String {
        let namespace = self.prefix.strip_suffix(':').unwrap_or(&self.prefix);
        [namespace, "!", what, ":", key.as_str()].concat()
    }

    /// How often it was left alone, and cut off.
    pub(crate) fn stats(&self) -> RemoteStats {
        let (feed_armed, feed_lost) = self.feed().changes_of_state();
        RemoteStats {
            breaker_opened: self.breaker.opened(),
            breaker_closed: self.breaker.closed(),
            feed_armed,
            feed_lost,
            barriers_missed: self.barriers_missed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How many bytes a value may take.
    pub(crate) fn value_limit(&self) -> usize {
        self.limits.value_bytes
    }

    pub(super) fn budget(&self) -> Budget {
        Budget::of(self.limits.budget)
    }

    /// Runs `command` in what is left of `budget`, unless the tier is left alone for now.
    pub(super) async fn call<T>(
        &self,
        budget: &mut Budget,
        command: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if budget.0.is_zero() {
            return Err(Error::new(ErrorKind::Timeout, "no time is left for the remote tier"));
        }
        let Some(permit) = self.breaker.allow() else {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the remote tier is left alone for now",
            ));
        };
        let mut asked = Asked { permit: Some(permit), began: Instant::now() };
        let answer = timeout_at(asked.began + budget.0, command).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, "the remote tier did not answer in time"))
        });
        budget.0 = budget.0.saturating_sub(asked.began.elapsed());
        if let Some(permit) = asked.permit.take() {
            match &answer {
                Err(error) if !has_answered(error) => permit.failure(),
                _ => permit.success(),
            }
        }
        answer
    }

    /// The cell of a value under `key`, without a claim on it.
    pub(crate) async fn read(self: &Arc<Self>, key: &Key) -> Result<Option<Bytes>> {
        if self.owes(key) {
            return Ok(None);
        }
        let name = self.name(key);
        match Cell::answered(self.call(&mut self.budget(), self.backend.get(&name)).await)? {
            Cell::Value(cell) => Ok(Some(cell)),
            _ => Ok(None),
        }
    }

    /// Whether the cell under `key` begins with `prefix`.
    pub(crate) async fn holds(self: &Arc<Self>, key: &Key, prefix: Bytes) -> Result<bool> {
        if self.owes(key) {
            return Ok(false);
        }
        let name = self.name(key);
        self.call(&mut self.budget(), self.backend.holds(&name, prefix)).await
    }

    /// Removes what stands under `key`. If that fails, it is owed: this process neither reads nor
    /// fills the key there until it is done.
    pub(crate) async fn invalidate(self: &Arc<Self>, key: &Key) -> Result<()> {
        let name = self.name(key);
        match self.call(&mut self.budget(), self.backend.invalidate(&name)).await {
            Err(error) if error.kind() != ErrorKind::Foreign => {
                self.owe(key);
                Err(error)
            }
            _ => Ok(()),
        }
    }
}
