//! Journals: where writes wait that were acknowledged and are yet to be made.

mod book;
#[cfg(feature = "journal-redb")]
mod file;
mod lossy;
mod namespaced;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

#[cfg(feature = "journal-redb")]
pub use self::file::FileJournal;
pub use self::lossy::LossyJournal;
pub(crate) use self::namespaced::Namespaced;
use crate::error::Result;

/// A place where writes wait: of each key the last one, until it was made.
///
/// # Contract
///
/// - What [`put`](Self::put) has taken is there, also for who opens the journal anew, until it is
///   [settled](Self::settle) as written or dead, or [forgotten](Self::forget), as far as the store
///   keeps what it has acknowledged.
/// - A key waits once. A later write takes the place of the earlier one, and its turn.
/// - Sequences never fall back: each is greater than every other that was given out before, and no
///   less than the microseconds since the Unix epoch when it was given out, by the journal's clock.
/// - A write that was [claimed](Self::claim) is nobody else's until it is settled or `hold` has
///   passed. What takes its place meanwhile waits for that, so that the writes of a key are made one
///   after another.
/// - Every method is one step, may be repeated, and may have run although it returned an error or its
///   future was dropped.
///
/// [`testing::conformance::journal`](https://docs.rs/cache-runtime/latest/cache_runtime/testing/conformance/fn.journal.html)
/// checks all of it.
///
/// # Cancel safety
///
/// Dropping a returned future may leave the command running.
pub trait Journal: Send + Sync + 'static {
    /// Whether it is in this process, so that its answer is waited for however long it takes.
    ///
    /// # Default
    ///
    /// It is not: who waits for it gives up after a while.
    fn is_local(&self) -> bool {
        false
    }

    /// The journal's clock: the microseconds since the Unix epoch, or the last sequence if that is
    /// greater.
    fn now(&self) -> impl Future<Output = Result<u64>> + Send;

    /// Takes `write`, unless there is no room for it, or it comes too late.
    fn put(&self, write: Write) -> impl Future<Output = Result<Put>> + Send;

    /// What waits under `key`, whosever it is.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// Takes out up to `most` of the writes of `function` that are `ready`, the longest due first, for
    /// `hold`. Each counts as an attempt.
    fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> impl Future<Output = Result<Vec<Claimed>>> + Send;

    /// Says what became of claimed writes of `function`. Where another write has taken the place of
    /// one, that one is due at once instead.
    fn settle(
        &self,
        function: &str,
        settled: Vec<Settled>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Forgets the write of `function` under `key` if its sequence is less than `before`: a newer one
    /// was made without the journal.
    fn forget(
        &self,
        function: &str,
        key: &str,
        before: u64,
    ) -> impl Future<Output = Result<()>> + Send;

    /// How many writes of `function` wait.
    fn waiting(&self, function: &str) -> impl Future<Output = Result<u64>> + Send;

    /// The writes of `function` that were given up.
    fn dead(&self, function: &str) -> impl Future<Output = Result<Vec<DeadLetter>>> + Send;

    /// Lets the dead write of `function` under `key` wait again, with the sequence it had and no
    /// attempts, or forgets it where `again` is false or another one waits there. Answers whether
    /// there was one.
    fn revive(
        &self,
        function: &str,
        key: &str,
        again: bool,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// A write on its way into a journal.
#[derive(Debug, Clone)]
pub struct Write {
    /// Whose it is.
    pub function: String,
    /// Of which entry.
    pub key: String,
    /// What it is, to whoever makes it.
    pub payload: Bytes,
    /// After what time it is to be made.
    pub due: Duration,
    /// How many writes of the function may wait.
    pub room: u64,
    /// By the journal's clock: after this it is too late, since whoever sent it has given it up.
    pub until: u64,
}

/// What became of a [`Write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It waits.
    Taken {
        /// Its place among all writes.
        sequence: u64,
        /// How many writes of the function wait.
        waiting: u64,
    },
    /// There is no room, or the write of another function waits under the key.
    Refused {
        /// Its place among all writes, for who makes it without the journal.
        sequence: u64,
    },
    /// It came too late.
    Late,
}

/// Which writes are ready to be claimed. Those whose hold has passed always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// Those that are due.
    Due,
    /// Those, and the ones that were never tried.
    Fresh,
    /// All.
    All,
}

/// A write that was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Of which entry.
    pub key: String,
    /// Its place among all writes.
    pub sequence: u64,
    /// How often it was taken out, this time included.
    pub attempts: u32,
    /// What it is.
    pub payload: Bytes,
}

/// What became of a claimed write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Of which entry.
    pub key: String,
    /// Its place among all writes.
    pub sequence: u64,
    /// How often it had been taken out then: what has been taken out again since is tried by others,
    /// who say what becomes of it, unless it is made.
    pub attempts: u32,
    /// What became of it.
    pub ending: Ending,
}

/// How an attempt to make a write has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It is made.
    Written,
    /// It is to be tried again after so long.
    Again(Duration),
    /// It is given up, for this reason.
    Dead(String),
}

/// A write that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The write, and how often it was tried.
    pub write: Claimed,
    /// What it failed with last.
    pub reason: String,
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The `dyn` twin of [`Journal`].
pub(crate) trait DynJournal: Send + Sync + 'static {
    fn is_local(&self) -> bool;
    fn now(&self) -> BoxFuture<'_, Result<u64>>;
    fn put(&self, write: Write) -> BoxFuture<'_, Result<Put>>;
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>>;
    fn claim<'a>(
        &'a self,
        function: &'a str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> BoxFuture<'a, Result<Vec<Claimed>>>;
    fn settle<'a>(&'a self, function: &'a str, settled: Vec<Settled>) -> BoxFuture<'a, Result<()>>;
    fn forget<'a>(
        &'a self,
        function: &'a str,
        key: &'a str,
        before: u64,
    ) -> BoxFuture<'a, Result<()>>;
    fn waiting<'a>(&'a self, function: &'a str) -> BoxFuture<'a, Result<u64>>;
    fn dead<'a>(&'a self, function: &'a str) -> BoxFuture<'a, Result<Vec<DeadLetter>>>;
    fn revive<'a>(
        &'a self,
        function: &'a str,
        key: &'a str,
        again: bool,
    ) -> BoxFuture<'a, Result<bool>>;
}

impl<J: Journal> DynJournal for J {
    fn is_local(&self) -> bool {
        Journal::is_local(self)
    }

    fn now(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(Journal::now(self))
    }

    fn put(&self, write: Write) -> BoxFuture<'_, Result<Put>> {
        Box::pin(Journal::put(self, write))
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(Journal::get(self, key))
    }

    fn claim<'a>(
        &'a self,
        function: &'a str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> BoxFuture<'a, Result<Vec<Claimed>>> {
        Box::pin(Journal::claim(self, function, most, hold, ready))
    }

    fn settle<'a>(&'a self, function: &'a str, settled: Vec<Settled>) -> BoxFuture<'a, Result<()>> {
        Box::pin(Journal::settle(self, function, settled))
    }

    fn forget<'a>(
        &'a self,
        function: &'a str,
        key: &'a str,
        before: u64,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(Journal::forget(self, function, key, before))
    }

    fn waiting<'a>(&'a self, function: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(Journal::waiting(self, function))
    }

    fn dead<'a>(&'a self, function: &'a str) -> BoxFuture<'a, Result<Vec<DeadLetter>>> {
        Box::pin(Journal::dead(self, function))
    }

    fn revive<'a>(
        &'a self,
        function: &'a str,
        key: &'a str,
        again: bool,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(Journal::revive(self, function, key, again))
    }
}

/// A journal of any kind, as a [`RemoteBackend`](crate::RemoteBackend) brings it along.
#[derive(Clone)]
pub struct AnyJournal(pub(crate) Arc<dyn DynJournal>);

impl AnyJournal {
    /// `journal`, of whatever kind it is.
    pub fn new(journal: impl Journal) -> Self {
        Self(Arc::new(journal))
    }
}

impl Journal for AnyJournal {
    fn is_local(&self) -> bool {
        self.0.is_local()
    }

    async fn now(&self) -> Result<u64> {
        self.0.now().await
    }

    async fn put(&self, write: Write) -> Result<Put> {
        self.0.put(write).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.0.get(key).await
    }

    async fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        self.0.claim(function, most, hold, ready).await
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        self.0.settle(function, settled).await
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        self.0.forget(function, key, before).await
    }

    async fn waiting(&self, function: &str) -> Result<u64> {
        self.0.waiting(function).await
    }

    async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        self.0.dead(function).await
    }

    async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        self.0.revive(function, key, again).await
    }
}

impl fmt::Debug for AnyJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyJournal")
    }
}
