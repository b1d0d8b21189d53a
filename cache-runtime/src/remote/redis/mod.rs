//! The remote tier on Redis or Valkey.

mod error;
mod keeper;
mod script;
mod server;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, FromRedisValue, cmd};
use tokio::runtime::{Handle, Id};

use self::keeper::{Link, keep};
use self::script::{EXTEND, INVALIDATE, RELEASE, REPLACE, Script};
use self::server::Server;
use super::RemoteBackend;
use crate::clock::millis;
use crate::error::{Error, ErrorKind, Result};

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
    shared: Arc<Shared>,
}

struct Shared {
    server: Server,
    links: RwLock<HashMap<Id, Arc<Link>>>,
}

impl Redis {
    /// Names the server, as `redis://[user][:password@]host[:port][/database]` or
    /// `redis+unix:///path[?db=…]`; `valkey` may stand for `redis`. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the URL is none of these.
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        Ok(Self {
            shared: Arc::new(Shared {
                server: Server::parse(url.as_ref())?,
                links: RwLock::default(),
            }),
        })
    }

    /// The link to the server that the current runtime has, and is given if it has none.
    fn link(&self) -> Result<Arc<Link>> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "Redis needs a tokio runtime").with_source(error)
        })?;
        let id = runtime.id();
        let links = self.shared.links.read();
        let known = links
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned();
        Ok(known.unwrap_or_else(|| self.start(&runtime)))
    }

    fn start(&self, runtime: &Handle) -> Arc<Link> {
        let id = runtime.id();
        let link = {
            let links = self.shared.links.write();
            let mut links = links.unwrap_or_else(PoisonError::into_inner);
            if let Some(other) = links.get(&id) {
                return Arc::clone(other);
            }
            let link = Arc::new(Link::new());
            links.insert(id, Arc::clone(&link));
            link
        };
        let leave = Leave {
            shared: Arc::downgrade(&self.shared),
            id,
            link: Arc::clone(&link),
        };
        let server = self.shared.server.clone();
        // Outside of the lock: a runtime that is ending drops the task, and `leave`, at once.
        let keeper = runtime.spawn(async move { keep(&leave.link, &server).await });
        link.kept_by(keeper.abort_handle());
        link
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let link = self.link()?;
        let mut connection = link.connection().await?;
        let answer = command.query_async(&mut connection.redis).await;
        answer.map_err(|error| link.failed(&connection, error))
    }

    /// Runs a script by its hash, and by its text where the server doesn't know it.
    async fn run(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<i64> {
        let link = self.link()?;
        let mut connection = link.connection().await?;
        let by_hash = script.by_hash(key, arguments);
        let mut answer = by_hash.query_async(&mut connection.redis).await;
        if answer.as_ref().is_err_and(error::is_unknown_script) {
            let by_text = script.by_text(key, arguments);
            answer = by_text.query_async(&mut connection.redis).await;
        }
        answer.map_err(|error| link.failed(&connection, error))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.shared.server.to_string();
        f.debug_struct("Redis").field("server", &server).finish()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let links = self.links.get_mut();
        for link in links.unwrap_or_else(PoisonError::into_inner).values() {
            link.end();
        }
    }
}

/// Takes a runtime's link out of the map when its keeper ends, which is when the runtime does.
struct Leave {
    shared: Weak<Shared>,
    id: Id,
    link: Arc<Link>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.link.end();
        // A keeper panics where the runtime has no driver for sockets or timers. The next one would
        // too, so the link stays where it is, down.
        if std::thread::panicking() {
            return;
        }
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        let links = shared.links.write();
        let mut links = links.unwrap_or_else(PoisonError::into_inner);
        if links
            .get(&self.id)
            .is_some_and(|link| Arc::ptr_eq(link, &self.link))
        {
            links.remove(&self.id);
        }
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
        match self.run(&INVALIDATE, key, &[]).await? {
            0 | 1 => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Foreign,
                "the key holds data of another program",
            )),
        }
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        let pattern = format!("{}*", escape_glob(prefix));
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg(&["MATCH", &*pattern, "COUNT", "1000"]);
            let (next, names): (u64, Vec<String>) = self.query(&scan).await?;
            for name in names {
                match self.invalidate(&name).await {
                    Err(error) if error.kind() != ErrorKind::Foreign => return Err(error),
                    _ => {}
                }
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}

fn px(ttl: Duration) -> u64 {
    millis(ttl).clamp(1, MAX_TTL)
}

fn refuse_empty(expected: &Bytes) -> Result<()> {
    if expected.is_empty() {
        return Err(Error::new(
            ErrorKind::Config,
            "an empty prefix would match every cell",
        ));
    }
    Ok(())
}

/// `text` as a pattern that matches itself alone.
fn escape_glob(text: &str) -> String {
    let special = |letter: &char| matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^' | '-');
    text.chars()
        .flat_map(|letter| {
            Some('\\')
                .filter(|_| special(&letter))
                .into_iter()
                .chain([letter])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_a_config_error_that_keeps_its_secrets() {
        for url in [
            "",
            "127.0.0.1:6379",
            "http://127.0.0.1",
            "redis://",
            "redis://:secret@127.0.0.1:port",
            "redis://:secret@127.0.0.1/database",
        ] {
            let error = Redis::new(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(!format!("{error:?}").contains("secret"));
        }
    }

    #[test]
    fn debug_shows_the_server_and_no_secret() {
        let redis = Redis::new("redis://ada:secret@cache.internal:6380/3").unwrap();
        let shown = format!("{redis:?}");
        assert_eq!(shown, r#"Redis { server: "cache.internal:6380/3" }"#);
    }

    #[test]
    fn outside_of_a_runtime_it_is_unavailable() {
        let redis = Redis::new("redis://127.0.0.1").unwrap();
        let error = redis.link().err().map(|error| error.kind());
        assert_eq!(error, Some(ErrorKind::Unavailable));
    }

    #[test]
    fn a_runtime_without_drivers_is_refused_and_stays_so() {
        let redis = Redis::new("redis://127.0.0.1:1").unwrap();
        let bare = tokio::runtime::Builder::new_current_thread();
        let bare = { bare }.build().unwrap();
        for _ in 0..3 {
            let answer = bare.block_on(redis.get("a"));
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert_eq!(redis.shared.links.read().unwrap().len(), 1);
    }

    #[test]
    fn a_runtime_that_ends_takes_its_link_along() {
        let redis = Redis::new("redis://127.0.0.1:1").unwrap();
        for _ in 0..3 {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let answer = runtime.block_on(redis.get("a"));
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
            assert_eq!(redis.shared.links.read().unwrap().len(), 1);
            drop(runtime);
            assert!(redis.shared.links.read().unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn the_keeper_ends_with_the_last_clone() {
        let redis = Redis::new("redis://127.0.0.1:1").unwrap();
        let link = redis.link().unwrap();
        let clone = redis.clone();
        drop(redis);
        tokio::task::yield_now().await;
        assert_eq!(
            Arc::strong_count(&link),
            3,
            "one here, in the map and the keeper"
        );
        drop(clone);
        while Arc::strong_count(&link) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn ttls_stay_within_what_the_server_takes() {
        assert_eq!(px(Duration::ZERO), 1);
        assert_eq!(px(Duration::from_nanos(1)), 1);
        assert_eq!(px(Duration::from_secs(2)), 2_000);
        assert_eq!(px(Duration::MAX), MAX_TTL);
    }
}
