//! What the server tells of changes, and what becomes of that when it can't.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_runtime::testing::{ChangeLog, conformance};
use cache_runtime::{Error, ErrorKind, Redis, RemoteBackend};
use cache_tests::{Proxy, RedisServer, eventually};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{RECOVERY, TTL, lease, value};

/// Longer than it may take to notice that a server is lost.
const NOTICE: Duration = Duration::from_millis(1_300);

const PREFIX: &str = "shop:";

/// Somebody who follows the changes under [`PREFIX`].
pub(super) struct Follower {
    pub(super) log: Arc<ChangeLog>,
    end: JoinHandle<Result<Infallible, Error>>,
}

impl Follower {
    pub(super) fn of(redis: &Redis) -> Self {
        let log = Arc::new(ChangeLog::new(PREFIX));
        let (redis, changes) = (redis.clone(), log.changes());
        let end = tokio::spawn(async move { redis.follow(PREFIX, changes).await });
        Self { log, end }
    }

    /// Tries again and again, as the cache does, until it follows.
    pub(super) async fn again(redis: &Redis, limit: Duration) -> Self {
        let begun = Instant::now();
        let mut follower = Self::of(redis);
        while !follower.log.is_connected() {
            assert!(begun.elapsed() < limit, "it follows again");
            tokio::time::sleep(Duration::from_millis(20)).await;
            if follower.end.is_finished() {
                follower = Self::of(redis);
            }
        }
        follower.log.take();
        follower
    }

    /// Waits until it follows, and forgets what it was told by then.
    pub(super) async fn connected(self) -> Self {
        eventually(RECOVERY, || async { self.log.is_connected() }).await;
        self.log.take();
        self
    }

    pub(super) async fn is_told(&self, name: &str) {
        eventually(RECOVERY, || async { self.log.contains(name) }).await;
        self.log.take();
    }

    pub(super) async fn ends(self) -> ErrorKind {
        self.ends_within(NOTICE).await
    }

    pub(super) async fn ends_within(self, limit: Duration) -> ErrorKind {
        self.lasts(limit).await.unwrap()
    }

    /// The error that ended it, if it did within `limit`.
    pub(super) async fn lasts(self, limit: Duration) -> Option<ErrorKind> {
        let end = timeout(limit, self.end).await.ok()?;
        Some(end.unwrap().unwrap_err().kind())
    }
}

#[tokio::test]
async fn redis_tells_its_changes() {
    let server = RedisServer::start();
    conformance::feed(|| Redis::new(server.url()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_tells_its_changes_on_many_threads() {
    let server = RedisServer::start();
    conformance::feed(|| Redis::new(server.url()).unwrap()).await;
}

#[tokio::test]
async fn whoever_changes_a_key_by_whatever_means_is_told() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    for means in [
        "SET shop:k a",
        "APPEND shop:k b",
        "SETRANGE shop:k 0 c",
        "PEXPIRE shop:k 100000",
        "PERSIST shop:k",
        "RENAME shop:k shop:j",
        "RENAME shop:j shop:k",
        "DEL shop:k",
        "LPUSH shop:k a",
        "UNLINK shop:k",
        "EVAL redis.call('set','shop:k','a') 0",
        "EXPIRE shop:k -1",
    ] {
        let words: Vec<&str> = means.split(' ').collect();
        server.command(&words);
        follower.is_told("k").await;
    }
}

#[tokio::test]
async fn a_flush_may_have_changed_any_cell() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    for flush in ["FLUSHALL", "FLUSHDB"] {
        let before = follower.log.all_changed();
        server.command(&[flush]);
        eventually(RECOVERY, || async { follower.log.all_changed() > before }).await;
    }
}

#[tokio::test]
async fn eviction_is_told() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    redis.get_or_set("shop:k", value(), TTL).await.unwrap();
    follower.is_told("k").await;
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    server.set_max_memory(1);
    follower.is_told("k").await;
}

#[tokio::test]
async fn a_server_that_is_killed_ends_it_at_once() {
    let mut server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    let begun = Instant::now();
    server.kill();
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_millis(200), "earlier than a PING would");
}

#[tokio::test]
async fn a_silent_path_ends_it_within_a_second_or_so() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    follower.log.outlive();
    proxy.forget();
    let log = Arc::clone(&follower.log);
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
    assert!(!log.is_connected());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_tried_once() {
    let server = RedisServer::absent();
    let redis = Redis::new(server.url()).unwrap();
    assert_eq!(Follower::of(&redis).ends().await, ErrorKind::Unavailable);
    let proxy = Proxy::to(server.port());
    proxy.silence();
    let redis = Redis::new(proxy.url()).unwrap();
    assert_eq!(Follower::of(&redis).ends().await, ErrorKind::Unavailable);
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn its_connection_ends_with_the_future() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    let trackers = || server.cli(&["INFO", "clients"]).contains("tracking_clients:1");
    assert!(trackers());
    follower.end.abort();
    eventually(RECOVERY, || async { !trackers() }).await;
}

#[tokio::test]
async fn without_permission_commands_work_and_changes_are_not_followed() {
    let server = RedisServer::start();
    let rules = "ACL SETUSER ada on >secret ~* +@all -client|tracking";
    server.command(&rules.split(' ').collect::<Vec<_>>());
    let redis = Redis::new(server.url().replace("//", "//ada:secret@")).unwrap();
    assert_eq!(redis.get_or_set("shop:k", lease(), TTL).await.unwrap(), None);
    assert_eq!(Follower::of(&redis).ends().await, ErrorKind::Unsupported);
    assert_eq!(redis.get("shop:k").await.unwrap(), Some(lease()));
}

#[tokio::test]
async fn a_primary_that_became_a_replica_ends_it() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let follower = Follower::of(&redis).connected().await;
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
}
