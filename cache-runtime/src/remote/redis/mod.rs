//! The remote tier on Redis or Valkey.

mod barrier;
mod error;
mod keeper;
mod links;
mod script;
mod server;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, FromRedisValue, cmd};

use self::barrier::{ENTER, LEAVE, STAY};
use self::links::Links;
use self::script::{Call, EXTEND, INVALIDATE, INVALIDATE_ALL, RELEASE, REPLACE, Script};
use self::server::Server;
use super::RemoteBackend;
use crate::clock::millis;
use crate::error::{Error, ErrorKind, Result};

/// A hundred years: the server adds the time of day to a ttl and refuses what overflows.
const MAX_TTL: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// How many keys a clear looks at in one step, which the server spends on nothing else.
const BATCH: usize = 500;

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
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the URL is none of these.
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        let server = Server::parse(url.as_ref())?;
        Ok(Self { links: Arc::new(Links::new(server)) })
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let link = self.links.current()?;
        let mut connection = link.connection().await?;
        let answer = command.query_async(&mut connection.redis).await;
        answer.map_err(|error| link.failed(&connection, error))
    }

    /// Runs a script by its hash, and by its text where the server doesn't know it.
    async fn call(&self, call: Call<'_>) -> Result<i64> {
        let link = self.links.current()?;
        let mut connection = link.connection().await?;
        let mut answer = call.by_hash().query_async(&mut connection.redis).await;
        if answer.as_ref().is_err_and(error::is_unknown_script) {
            answer = call.by_text().query_async(&mut connection.redis).await;
        }
        answer.map_err(|error| link.failed(&connection, error))
    }

    async fn run(&self, script: &'static Script, key: &str, arguments: &[&[u8]]) -> Result<i64> {
        let keys = &[key.as_bytes()];
        self.call(Call { script, keys, arguments }).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.links.server().to_string();
        f.debug_struct("Redis").field("server", &server).finish()
    }
}

impl RemoteBackend for Redis {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let found: Option<Vec<u8>> = self.query(cmd("GET").arg(key)).await?;
        Ok(found.map(Bytes::from))
    }

    async fn get_or_set(&self, key: &str, cell: Bytes, ttl: Duration) -> Result<Option<Bytes>> {
        let mut command = cmd("SET");
        command.arg(key).arg(&cell[..]).arg(&["NX", "GET", "PX"]);
        let found: Option<Vec<u8>> = self.query(command.arg(px(ttl))).await?;
        Ok(found.map(Bytes::from))
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

    async fn clear(&self, prefix: &str) -> Result<()> {
        let pattern = glob(prefix);
        let mut cursor = Vec::from(*b"0");
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(BATCH);
            let (next, keys): (Vec<u8>, Vec<Vec<u8>>) = self.query(&scan).await?;
            let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            if !keys.is_empty() {
                let (script, arguments) = (&*INVALIDATE_ALL, &[][..]);
                self.call(Call { script, keys: &keys, arguments }).await?;
            }
            if next == b"0" {
                return Ok(());
            }
            cursor = next;
        }
    }
}

/// What a script answers that found the cell to be ours, or not.
fn ours(answer: i64) -> Result<()> {
    match answer {
        0 | 1 => Ok(()),
        _ => Err(Error::new(ErrorKind::Foreign, "the key holds data of another program")),
    }
}

/// The pattern of the keys that begin with `prefix`.
fn glob(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for c in prefix.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('*');
    pattern
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
