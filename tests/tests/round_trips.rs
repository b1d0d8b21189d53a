//! How often a call asks the server, read off the wire.
#![allow(clippy::unwrap_used, clippy::unused_async)]

use std::future::ready;
use std::time::Duration;

use cache_runtime::{Cache, Moka, Redis, cached};
use cache_tests::{Proxy, RedisServer, eventually};

#[cached(key = "locked:<id>", ttl = 60, lock = true)]
async fn locked(id: u64) -> u64 {
    id
}

#[cached(key = "unlocked:<id>", ttl = 60)]
async fn unlocked(id: u64) -> u64 {
    id
}

#[cached(key = "warm:<id>", ttl = 60)]
async fn warm(id: u64) -> u64 {
    id
}

struct Wire {
    cache: Cache,
    proxy: Proxy,
    _server: RedisServer,
}

impl Wire {
    /// A cache whose connection stands and whose scripts are known.
    async fn new(local: bool) -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::to(server.port());
        let builder = Cache::builder().remote(Redis::new(proxy.url()).unwrap());
        let builder = if local { builder.local(Moka::new()) } else { builder.no_local() };
        let cache = builder.build();
        cache.scope(warm(0)).await;
        Self { cache, proxy, _server: server }
    }

    /// The names of the commands that were sent since this was asked last, those of one write
    /// together. What becomes of the first call's value is left out, and what keeps a connection.
    fn sent(&self) -> Vec<Vec<String>> {
        let name = |command: &String| command.split(' ').next().unwrap_or_default().to_owned();
        let names = |write: Vec<String>| -> Vec<String> {
            let calls = write.iter().filter(|command| !command.contains("warm:")).map(name);
            calls.filter(|name| !["PING", "HELLO", "CLIENT"].contains(&name.as_str())).collect()
        };
        self.proxy.sent().into_iter().map(names).filter(|write| !write.is_empty()).collect()
    }

    /// What `call` sends.
    async fn writes(&self, call: impl Future<Output = u64>) -> Vec<Vec<String>> {
        self.sent();
        self.cache.scope(call).await;
        self.sent()
    }

    /// What `call` sends, where each command waits for the answer of the last.
    async fn trips(&self, call: impl Future<Output = u64>) -> Vec<String> {
        let writes = self.writes(call).await;
        assert!(writes.iter().all(|write| write.len() == 1), "{writes:?}");
        writes.concat()
    }

    /// Reads a value of both functions so often that their next ones are likely to be there, too.
    async fn makes_hits_likely(&self) {
        for _ in 0..100 {
            self.cache.scope(async { (locked(0).await, unlocked(0).await) }).await;
        }
    }
}

#[tokio::test]
async fn a_miss_is_two_round_trips_where_hits_are_unlikely() {
    let wire = Wire::new(false).await;
    for id in 0..3 {
        assert_eq!(wire.trips(locked(id)).await, ["SET", "EVALSHA"]);
        assert_eq!(wire.trips(unlocked(id)).await, ["SET", "EVALSHA"]);
    }
}

#[tokio::test]
async fn a_miss_is_three_round_trips_where_hits_are_likely() {
    let wire = Wire::new(false).await;
    wire.makes_hits_likely().await;
    assert_eq!(wire.trips(locked(1)).await, ["GET", "SET", "EVALSHA"]);
    assert_eq!(wire.trips(unlocked(1)).await, ["GET", "SET", "EVALSHA"]);
}

#[tokio::test]
async fn misses_in_a_row_are_two_round_trips_again() {
    let wire = Wire::new(false).await;
    wire.makes_hits_likely().await;
    for id in 1..10 {
        wire.trips(locked(id)).await;
    }
    assert_eq!(wire.trips(locked(10)).await, ["SET", "EVALSHA"]);
}

#[tokio::test]
async fn a_hit_is_one_round_trip_whatever_is_likely() {
    let wire = Wire::new(false).await;
    wire.trips(locked(0)).await;
    assert_eq!(wire.trips(locked(0)).await, ["SET"]);
    wire.makes_hits_likely().await;
    assert_eq!(wire.trips(locked(0)).await, ["GET"]);
}

#[tokio::test]
async fn a_miss_with_a_local_tier_is_two_round_trips_and_then_a_read_back() {
    let wire = Wire::new(true).await;
    let connected = async || wire.cache.stats().feed_armed == 1;
    eventually(Duration::from_secs(5), connected).await;
    let mut sent = wire.trips(locked(1)).await;
    let mut looks_back = || {
        sent.extend(wire.sent().concat());
        sent == ["SET", "EVALSHA", "GETRANGE"]
    };
    eventually(Duration::from_secs(5), || ready(looks_back())).await;
}

#[tokio::test]
async fn callers_at_once_share_writes() {
    let wire = Wire::new(false).await;
    let crowd = async {
        let mut crowd = tokio::task::JoinSet::new();
        for id in 0..64 {
            let cache = wire.cache.clone();
            crowd.spawn(async move { cache.scope(unlocked(id)).await });
        }
        crowd.join_all().await.len() as u64
    };
    let writes = wire.writes(crowd).await;
    assert_eq!(writes.concat().len(), 2 * 64);
    assert!(writes.len() <= 16, "there were {} writes", writes.len());
}
