//! The remote tier: bytes under keys, shared by every process that names the same namespace.

mod cell;
mod envelope;
mod fingerprint;
mod random;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::error::Result;

/// A store of bytes shared between processes, with the few atomic steps the protocol needs.
///
/// # Contract
///
/// - A key holds one *cell*: bytes that expire. Every method acts on one cell, atomically.
/// - Every method may be repeated, and may have run although it returned an error.
/// - A method that finds data which is no cell (another data type of the server, say) fails with
///   [`ErrorKind::Foreign`](crate::ErrorKind::Foreign) and changes nothing.
/// - Methods neither wait for the server to come back nor retry: they fail at once, and the cache
///   decides.
/// - Dropping a returned future may leave the command running.
pub trait RemoteBackend: Send + Sync + 'static {
    /// The cell under `key`, or `None` where there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// Sets `cell` for `ttl` where there is none; otherwise answers the cell that stands there.
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

    /// Lets the cell live for `ttl` from now if it is `expected`. Answers whether it is.
    fn extend(
        &self,
        key: &str,
        expected: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Removes the cell if it is `expected`. Answers whether it was.
    fn release(&self, key: &str, expected: Bytes) -> impl Future<Output = Result<bool>> + Send;

    /// Removes the cell, value or lease, unless it is a barrier or foreign.
    fn invalidate(&self, key: &str) -> impl Future<Output = Result<()>> + Send;
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
}

impl<R: RemoteBackend> DynRemote for R {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(RemoteBackend::get(self, key))
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
}
