//! The remote tier on Redis or Valkey.

mod barrier;
mod clear;
mod cluster;
mod error;
mod feed;
mod handshake;
mod journal;
mod keeper;
mod layout;
mod links;
mod place;
mod refusal;
mod script;
mod sentinel;
mod server;
mod tls;
mod wire;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, FromRedisValue, cmd};

use self::barrier::{ENTER, LEAVE, STAY};
use self::cluster::Cluster;
use self::links::Links;
use self::place::Place;
use self::script::{Call, EXTEND, INVALIDATE, RELEASE, REPLACE, Script};
use self::sentinel::Sentinels;
use self::server::Server;
use super::{Changes, RemoteBackend};
use crate::clock::millis;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::AnyJournal;

/// A hundred years: the server adds the time of day to a ttl and refuses what overflows.
const MAX_TTL: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// A Redis or Valkey server as remote tier; Redis 7.0 and Valkey 7.2 are the oldest that serve.
///
/// It connects when it is first used, on the runtime that uses it, and again by itself whenever
/// the connection is lost. Each runtime has a connection of its own, which ends with it. While the
/// server can't be reached, calls fail at once. Clones share the connections.
///
/// # Examples
///
/// ```
/// use cache_runtime::Redis;
///
/// let redis = Redis::new("redis://user:secret@127.0.0.1:6379/0")?;
/// assert!(!format!("{redis:?}").contains("secret"));
/// # Ok::<(), cache_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Redis {
    links: Arc<Links>,
}

impl Redis {
    /// Names the server, as `redis://[user][:password@]host[:port][/database]` or
    /// `redis+unix:///path[?db=…]`; `valkey` may stand for `redis`. Connects to nothing yet.
    ///
    /// `rediss://` is TLS, and wants the feature `redis-tls`. If the program has not installed a
    /// provider of cryptography for rustls by then, this installs `ring`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the URL is none of these.
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        Ok(Self::at(Place::Server(Server::parse(url.as_ref())?)))
    }

    /// Names Sentinels, each as [`new`](Self::new) names a server or as `host:port`, and the primary
    /// they watch: by its name or, where the servers want a user, a password or a database, as a
    /// URL with the name in place of the host.
    ///
    /// The Sentinels are asked each time it connects, and every second while it is connected: when
    /// another server is the primary, it connects there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if an address is not valid, or no Sentinel is given.
    ///
    /// # Examples
    ///
    /// ```
    /// use cache_runtime::Redis;
    ///
    /// let redis = Redis::sentinel(["10.0.0.1:26379", "10.0.0.2:26379"], "main")?;
    /// let redis = Redis::sentinel(
    ///     ["redis://:secret@10.0.0.1:26379", "redis://:secret@10.0.0.2:26379"],
    ///     "redis://ada:secret@main/3",
    /// )?;
    /// assert!(!format!("{redis:?}").contains("secret"));
    /// # Ok::<(), cache_runtime::Error>(())
    /// ```
    pub fn sentinel<U: AsRef<str>>(
        sentinels: impl IntoIterator<Item = U>,
        primary: impl AsRef<str>,
    ) -> Result<Self> {
        let sentinels = Sentinels::parse(sentinels, primary.as_ref())?;
        Ok(Self::at(Place::Sentinels(sentinels)))
    }

    /// Names nodes of a cluster, as [`new`](Self::new) names a server; all have the same user and
    /// password. One that answers is enough to find the others.
    ///
    /// Every second a node is asked who the primaries are. Each primary tells the changes of its own
    /// keys; while one of them is lost, and until its replica has taken its place, no local entry
    /// lives longer than `disconnected_ttl`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if an address is not valid, none is given, or users or passwords differ.
    ///
    /// # Examples
    ///
    /// ```
    /// use cache_runtime::Redis;
    ///
    /// let redis = Redis::cluster(["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"])?;
    /// # Ok::<(), cache_runtime::Error>(())
    /// ```
    pub fn cluster<U: AsRef<str>>(nodes: impl IntoIterator<Item = U>) -> Result<Self> {
        Ok(Self::at(Place::Cluster(Cluster::parse(nodes)?)))
    }

    /// Trusts the certificates in `pem` where it connects by TLS, instead of those that browsers
    /// trust. To be called before it is first used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if they can't be read.
    #[cfg(feature = "redis-tls")]
    pub fn root_certificates(self, pem: impl AsRef<[u8]>) -> Result<Self> {
        let certificates = tls::only(pem.as_ref());
        Ok(Self::at(self.links.place().trusting(&certificates)?))
    }

    fn at(place: Place) -> Self {
        Self { links: Arc::new(Links::new(place)) }
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let connection = self.links.connection().await?;
        let answer = command.query_async(&mut connection.redis.clone()).await;
        answer.map_err(|error| connection.failed(error))
    }

    /// What the server has, in the bytes in which it came.
    #[allow(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
    fn cell(&self, command: Cmd) -> impl Future<Output = Result<Option<Bytes>>> {
        async move {
            let connection = self.links.connection().await?;
            let answer = connection.redis.clone().send(&command).await.and_then(wire::bytes);
            answer.map_err(|error| connection.failed(error))
        }
    }

    /// Runs a script by its hash, and by its text where the server doesn't know it.
    async fn call<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T> {
        let connection = self.links.connection().await?;
        let mut redis = connection.redis.clone();
        let mut answer = call.by_hash().query_async(&mut redis).await;
        if answer.as_ref().is_err_and(error::is_unknown_script) {
            answer = call.by_text().query_async(&mut redis).await;
        }
        answer.map_err(|error| connection.failed(error))
    }

    async fn run(&self, script: &'static Script, key: &str, arguments: &[&[u8]]) -> Result<i64> {
        let keys = &[key.as_bytes()];
        self.call(Call { script, keys, arguments }).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.links.place().to_string();
        f.debug_struct("Redis").field("server", &server).finish()
    }
}

impl RemoteBackend for Redis {
    #[inline]
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>>> {
        let mut command = Cmd::with_capacity(2, "GET".len() + key.len());
        command.arg("GET").arg(key);
        self.cell(command)
    }

    fn get_or_set(
        &self,
        key: &str,
        cell: Bytes,
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<Bytes>>> {
        let mut command = cmd("SET");
        command.arg(key).arg(&cell[..]).arg(&["NX", "GET", "PX"]).arg(px(ttl));
        self.cell(command)
    }

    async fn replace(
        &self,
        key: &str,
        expected: Bytes,
        cell: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        refuse_empty(&expected)?;
        let ttl = px(ttl).to_string();
        let arguments: [&[u8]; 3] = [&expected, &cell, ttl.as_bytes()];
        Ok(self.run(&REPLACE, key, &arguments).await? == 1)
    }

    async fn extend(&self, key: &str, expected: Bytes, ttl: Duration) -> Result<bool> {
        refuse_empty(&expected)?;
        let ttl = px(ttl).to_string();
        let arguments: [&[u8]; 2] = [&expected, ttl.as_bytes()];
        Ok(self.run(&EXTEND, key, &arguments).await? == 1)
    }

    async fn release(&self, key: &str, expected: Bytes) -> Result<bool> {
        refuse_empty(&expected)?;
        Ok(self.run(&RELEASE, key, &[&expected]).await? == 1)
    }

    async fn holds(&self, key: &str, expected: Bytes) -> Result<bool> {
        refuse_empty(&expected)?;
        let mut command = cmd("GETRANGE");
        command.arg(key).arg(0).arg(expected.len() - 1);
        let found: Vec<u8> = self.query(&command).await?;
        Ok(found == expected)
    }

    async fn invalidate(&self, key: &str) -> Result<()> {
        ours(self.run(&INVALIDATE, key, &[]).await?)
    }

    async fn enter(&self, key: &str, writer: u64, hold: Duration) -> Result<()> {
        let hold = px(hold).to_string();
        let arguments: [&[u8]; 2] = [&writer.to_be_bytes(), hold.as_bytes()];
        ours(self.run(&ENTER, key, &arguments).await?)
    }

    async fn stay(&self, key: &str, writer: u64, hold: Duration) -> Result<bool> {
        let hold = px(hold).to_string();
        let arguments: [&[u8]; 2] = [&writer.to_be_bytes(), hold.as_bytes()];
        Ok(self.run(&STAY, key, &arguments).await? == 1)
    }

    async fn leave(&self, key: &str, writer: u64) -> Result<()> {
        ours(self.run(&LEAVE, key, &[&writer.to_be_bytes()]).await?)
    }

    async fn leave_filled(
        &self,
        key: &str,
        writer: u64,
        cell: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        let ttl = px(ttl).to_string();
        let arguments: [&[u8]; 3] = [&writer.to_be_bytes(), &cell, ttl.as_bytes()];
        let answer = self.run(&LEAVE, key, &arguments).await?;
        if answer == 2 { Ok(true) } else { ours(answer).map(|()| false) }
    }

    fn journal(&self, prefix: &str) -> Option<AnyJournal> {
        Some(AnyJournal::new(journal::RedisJournal::new(self.links.clone(), prefix)))
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        clear::clear(self, prefix).await
    }

    async fn follow(&self, prefix: &str, changes: Changes) -> Result<Infallible> {
        feed::follow(self.links.place(), prefix, changes).await
    }
}

/// What a script answers that found the cell to be ours, or not.
fn ours(answer: i64) -> Result<()> {
    match answer {
        0 | 1 => Ok(()),
        _ => Err(Error::new(ErrorKind::Foreign, "the key holds data of another program")),
    }
}

fn px(ttl: Duration) -> u64 {
    millis(ttl).clamp(1, MAX_TTL)
}

fn refuse_empty(expected: &Bytes) -> Result<()> {
    if expected.is_empty() {
        return Err(Error::new(ErrorKind::Config, "an empty prefix would match every cell"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
