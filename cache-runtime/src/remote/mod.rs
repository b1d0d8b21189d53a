//! The remote tier: bytes under keys, shared by every process that names the same namespace.

pub(crate) mod barrier;
pub(crate) mod cell;
pub(crate) mod claim;
pub(crate) mod envelope;
pub(crate) mod feed;
pub(crate) mod fingerprint;
pub(crate) mod lease;
pub(crate) mod pending;
pub(crate) mod random;
#[cfg(feature = "redis")]
mod redis;
pub(crate) mod refresh;
pub(crate) mod tier;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::boxed::boxed;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::AnyJournal;

pub use self::feed::{Changes, Moment};
#[cfg(feature = "redis")]
pub use self::redis::Redis;

/// A store of bytes shared between processes, with the few atomic steps the protocol needs.
///
/// What the cache stores in a cell begins with the byte 0xC1, which starts no text: 0xC1 `V` is a
/// value, 0xC1 `L` a lease, 0xC1 `B` a barrier. All other cells are foreign: some other program's.
///
/// # Contract
///
/// - A key holds one *cell*: bytes that expire. Every method acts on one cell, atomically.
/// - A cell lives for the ttl it was given last, to the millisecond, at least for one. A ttl beyond
///   what the server can hold is the longest it can.
/// - Every method may be repeated, and may have run although it returned an error or its future
///   was dropped.
/// - Foreign cells are answered as they stand and never changed, but by their own expiry. Data that
///   is no cell (another data type of the server, say) fails every method that must look at it
///   with [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) and is not changed either.
/// - A method that needs more room than there is fails with
///   [`ErrorKind::Full`](crate::ErrorKind::Full): the store is well, and what it has can be read.
/// - Methods neither wait for a lost server to come back nor retry: they fail at once with
///   [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable), and the cache decides. A server that
///   doesn't answer may leave them waiting: the cache puts a limit to every call.
/// - An empty `expected` is refused with [`ErrorKind::Config`](crate::ErrorKind::Config): it would
///   match every cell.
///
/// [`testing::conformance::remote`](https://docs.rs/cache-runtime/latest/cache_runtime/testing/conformance/fn.remote.html)
/// checks all of it.
///
/// # Cancel safety
///
/// Dropping a returned future may leave the command running.
pub trait RemoteBackend: Send + Sync + 'static {
    /// The cell under `key`, whole, or `None` where there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// Sets `cell` for `ttl` where there is none; otherwise answers the cell that stands there.
    ///
    /// Of many calls at once for one absent cell, one sets it and all others answer what it set.
    fn get_or_set(
        &self,
        key: &str,
        cell: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// Replaces the cell by `cell` for `ttl` if its first bytes are `expected`, which is not empty.
    /// Answers whether it did.
    fn replace(
        &self,
        key: &str,
        expected: Bytes,
        cell: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Lets the cell live for `ttl` from now if it is `expected`, whole. Answers whether it is.
    fn extend(
        &self,
        key: &str,
        expected: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Removes the cell if it is `expected`, whole. Answers whether it was.
    fn release(&self, key: &str, expected: Bytes) -> impl Future<Output = Result<bool>> + Send;

    /// Whether the first bytes of the cell are `expected`, which is not empty.
    fn holds(&self, key: &str, expected: Bytes) -> impl Future<Output = Result<bool>> + Send {
        async move {
            if expected.is_empty() {
                return Err(Error::new(
                    ErrorKind::Config,
                    "an empty prefix would match every cell",
                ));
            }
            let cell = self.get(key).await?;
            Ok(cell.is_some_and(|cell| cell.starts_with(&expected)))
        }
    }

    /// Removes the cell if it is a value or a lease; leaves a barrier, which must outlive this,
    /// counts as overlap in it, and has it [told](Self::follow) as a change all the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) where the cell is foreign.
    fn invalidate(&self, key: &str) -> impl Future<Output = Result<()>> + Send;

    /// Puts `writer` into the barrier under `key` for `hold`. A value or a lease becomes a barrier,
    /// and so does an absent cell.
    ///
    /// A barrier is 0xC1 `B`, a byte that is 1 once two writers overlapped, or a writer and an
    /// invalidation, and 0 until then, and of
    /// each writer its eight bytes and its deadline, eight bytes of milliseconds by the server's
    /// clock, big-endian both. It lives until the last deadline. Writers whose deadline has passed
    /// are taken out; that counts as overlap too: their write may still be on its way. One that is
    /// in already gets a new deadline.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) where the cell is foreign, or a barrier of
    /// another shape.
    fn enter(
        &self,
        key: &str,
        writer: u64,
        hold: Duration,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Gives `writer` `hold` from now on, if it is in the barrier under `key`. Answers whether it
    /// is.
    fn stay(
        &self,
        key: &str,
        writer: u64,
        hold: Duration,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Takes `writer` out of the barrier under `key`; the last one in removes it. A value or a
    /// lease is removed, as by [`invalidate`](Self::invalidate): the barrier was lost. A barrier
    /// that `writer` is not in came after the one that was lost: it counts as overlap there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) where the cell is foreign.
    fn leave(&self, key: &str, writer: u64) -> impl Future<Output = Result<()>> + Send;

    /// As [`leave`](Self::leave); where `writer` is in, and nothing has overlapped, `cell` takes the
    /// place of the barrier for `ttl`. Answers whether it does. Where there is no room for it, the
    /// barrier is removed and nothing takes its place.
    fn leave_filled(
        &self,
        key: &str,
        writer: u64,
        cell: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// A journal beside the cells whose keys begin with `prefix`; `None` where the backend has none,
    /// as one that doesn't say otherwise.
    fn journal(&self, prefix: &str) -> Option<AnyJournal> {
        let _ = prefix;
        None
    }

    /// As [`invalidate`](Self::invalidate), for every key that begins with `prefix` when the call
    /// begins. It may take long, and need not be one step.
    fn clear(&self, prefix: &str) -> impl Future<Output = Result<()>> + Send;

    /// Tells `changes` of every change of a cell whose key begins with `prefix`, whoever makes it
    /// and by whatever means: set, replaced, removed, expired, evicted. Ends with the error that
    /// broke the connection; the cache then calls it again.
    ///
    /// - Once all changes are followed, it says [`armed`](Changes::armed); changes made before that
    ///   may never be told.
    /// - From then on it says [`alive`](Changes::alive) at least every half second, with a moment
    ///   by which every change was told; a server that gives no sign for about a second is lost.
    /// - A change is told after it was made; several may be told as one, and one more than once.
    /// - Nothing is told after the future was dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) where changes can't be followed.
    /// Local entries then never live longer than `disconnected_ttl`. This is what a backend does
    /// that doesn't say otherwise.
    fn follow(
        &self,
        prefix: &str,
        changes: Changes,
    ) -> impl Future<Output = Result<Infallible>> + Send {
        let _ = (prefix, changes);
        async {
            let reason = "the backend tells no changes";
            Err(Error::new(ErrorKind::Unsupported, reason))
        }
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A remote backend behind a pointer.
pub(crate) type Backend = Arc<dyn DynRemote>;

/// The `dyn` twin of [`RemoteBackend`].
pub(crate) trait DynRemote: Send + Sync + 'static {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>>;
    fn get_or_set<'a>(
        &'a self,
        key: &'a str,
        cell: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Bytes>>>;
    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: Bytes,
        cell: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>>;
    fn extend<'a>(
        &'a self,
        key: &'a str,
        expected: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>>;
    fn release<'a>(&'a self, key: &'a str, expected: Bytes) -> BoxFuture<'a, Result<bool>>;
    fn invalidate<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>>;
    fn enter<'a>(&'a self, key: &'a str, writer: u64, hold: Duration) -> BoxFuture<'a, Result<()>>;
    fn stay<'a>(&'a self, key: &'a str, writer: u64, hold: Duration)
    -> BoxFuture<'a, Result<bool>>;
    fn leave<'a>(&'a self, key: &'a str, writer: u64) -> BoxFuture<'a, Result<()>>;
    fn leave_filled<'a>(
        &'a self,
        key: &'a str,
        writer: u64,
        cell: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>>;
    fn clear<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<()>>;
    fn journal(&self, prefix: &str) -> Option<AnyJournal>;
    fn holds<'a>(&'a self, key: &'a str, expected: Bytes) -> BoxFuture<'a, Result<bool>>;
    fn follow<'a>(&'a self, prefix: &'a str, changes: Changes)
    -> BoxFuture<'a, Result<Infallible>>;
}

impl<R: RemoteBackend> DynRemote for R {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        boxed(|| RemoteBackend::get(self, key))
    }

    fn get_or_set<'a>(
        &'a self,
        key: &'a str,
        cell: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(RemoteBackend::get_or_set(self, key, cell, ttl))
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        expected: Bytes,
        cell: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(RemoteBackend::replace(self, key, expected, cell, ttl))
    }

    fn extend<'a>(
        &'a self,
        key: &'a str,
        expected: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(RemoteBackend::extend(self, key, expected, ttl))
    }

    fn release<'a>(&'a self, key: &'a str, expected: Bytes) -> BoxFuture<'a, Result<bool>> {
        Box::pin(RemoteBackend::release(self, key, expected))
    }

    fn invalidate<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(RemoteBackend::invalidate(self, key))
    }

    fn enter<'a>(&'a self, key: &'a str, writer: u64, hold: Duration) -> BoxFuture<'a, Result<()>> {
        Box::pin(RemoteBackend::enter(self, key, writer, hold))
    }

    fn stay<'a>(
        &'a self,
        key: &'a str,
        writer: u64,
        hold: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(RemoteBackend::stay(self, key, writer, hold))
    }

    fn leave<'a>(&'a self, key: &'a str, writer: u64) -> BoxFuture<'a, Result<()>> {
        Box::pin(RemoteBackend::leave(self, key, writer))
    }

    fn leave_filled<'a>(
        &'a self,
        key: &'a str,
        writer: u64,
        cell: Bytes,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(RemoteBackend::leave_filled(self, key, writer, cell, ttl))
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(RemoteBackend::clear(self, prefix))
    }

    fn journal(&self, prefix: &str) -> Option<AnyJournal> {
        RemoteBackend::journal(self, prefix)
    }

    fn holds<'a>(&'a self, key: &'a str, expected: Bytes) -> BoxFuture<'a, Result<bool>> {
        Box::pin(RemoteBackend::holds(self, key, expected))
    }

    fn follow<'a>(
        &'a self,
        prefix: &'a str,
        changes: Changes,
    ) -> BoxFuture<'a, Result<Infallible>> {
        Box::pin(RemoteBackend::follow(self, prefix, changes))
    }
}
