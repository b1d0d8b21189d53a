//! Cached functions on a real Redis that is absent, killed, frozen, silent, full, or holds what is
//! not ours: callers get their values, soon, and it recovers by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use std::time::{Duration, Instant};

use cache_runtime::testing::Fault;
use cache_runtime::{Cache, ErrorKind, Redis, cached};
use cache_tests::{Proxy, RedisServer, Source, Tiers, eventually};

const BUDGET: Duration = Duration::from_millis(250);

/// A budget, and what a busy machine may add to it.
const LATE: Duration = Duration::from_secs(1);

/// How soon it serves again once the server is back.
const RECOVERY: Duration = Duration::from_secs(2);

#[cached(key = "degrade:<id>", ttl = 60, lock = true)]
async fn value(source: Source, id: u64) -> Result<u64, String> {
    Ok(source.load().await)
}

fn cache(url: &str) -> Cache {
    let redis = Redis::new(url).unwrap();
    Cache::builder().namespace("degrade").no_local().remote(redis).remote_budget(BUDGET).build()
}

/// Reads a few keys: each read answers the value, late by at most a budget.
async fn reads_go_on(cache: &Cache) {
    for id in 0..10 {
        let began = Instant::now();
        assert_eq!(cache.scope(value(Source::new(), id)).await, Ok(1));
        assert!(began.elapsed() < BUDGET + LATE, "it took {:?}", began.elapsed());
    }
}

/// Whether a second read of a key is a hit.
async fn serves(cache: &Cache) -> bool {
    let source = Source::new();
    cache.scope(value(source.clone(), 99)).await.unwrap();
    cache.scope(value(source.clone(), 99)).await.unwrap();
    source.loads() < 2
}

#[tokio::test]
async fn absent_at_start() {
    let mut server = RedisServer::absent();
    let cache = cache(&server.url());
    reads_go_on(&cache).await;
    server.restart();
    eventually(RECOVERY, || serves(&cache)).await;
}

#[tokio::test]
async fn killed() {
    let mut server = RedisServer::start();
    let cache = cache(&server.url());
    assert!(serves(&cache).await);
    server.kill();
    reads_go_on(&cache).await;
    server.restart();
    eventually(RECOVERY, || serves(&cache)).await;
}

#[tokio::test]
async fn frozen() {
    let server = RedisServer::start();
    let cache = cache(&server.url());
    assert!(serves(&cache).await);
    server.freeze();
    reads_go_on(&cache).await;
    server.thaw();
    eventually(RECOVERY, || serves(&cache)).await;
}

#[tokio::test]
async fn silent_behind_a_proxy() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let cache = cache(&proxy.url());
    assert!(serves(&cache).await);
    proxy.silence();
    reads_go_on(&cache).await;
    proxy.restore();
    eventually(RECOVERY, || serves(&cache)).await;
}

#[tokio::test]
async fn out_of_memory() {
    let server = RedisServer::start();
    let cache = cache(&server.url());
    assert!(serves(&cache).await);
    server.set_max_memory(1);
    reads_go_on(&cache).await;
    assert!(serves(&cache).await, "what is there can be read");
    assert_eq!(cache.stats().breaker_opened, 0);
    server.set_max_memory(0);
    eventually(RECOVERY, || serves(&cache)).await;
}

#[tokio::test]
async fn foreign_bytes_and_types_under_our_keys_are_left_alone() {
    let server = RedisServer::start();
    let cache = cache(&server.url());
    server.cli(&["SET", "degrade:degrade:0", "theirs"]);
    server.cli(&["RPUSH", "degrade:degrade:1", "theirs"]);
    server.cli(&["SET", "degrade:degrade:2", ""]);
    for round in 0..3 {
        reads_go_on(&cache).await;
        for id in 0..3_u64 {
            cache.scope(async { value::entry(&id).put(7).await.unwrap_err() }).await;
            let _ = cache.scope(async { value::entry(&id).invalidate().await }).await;
        }
        assert_eq!(server.cli(&["GET", "degrade:degrade:0"]).trim(), "theirs", "round {round}");
        assert_eq!(server.cli(&["LRANGE", "degrade:degrade:1", "0", "-1"]).trim(), "theirs");
        assert_eq!(server.cli(&["EXISTS", "degrade:degrade:2"]).trim(), "1");
    }
    assert!(serves(&cache).await, "other keys are cached all the same");
}

#[tokio::test]
async fn a_remote_tier_that_keeps_failing_is_left_alone_until_it_is_well() {
    let tiers = Tiers::new("remote");
    tiers.remote.on_all(Fault::Fail(ErrorKind::Unavailable));
    let read = |id| tiers.cache.scope(value(Source::new(), id));
    for id in 0..50 {
        assert_eq!(read(id).await, Ok(1));
    }
    let asked = tiers.remote.calls().len();
    for id in 0..50 {
        assert_eq!(read(id).await, Ok(1));
    }
    assert_eq!(tiers.remote.calls().len(), asked, "no call goes there");
    assert_eq!(tiers.cache.stats().breaker_opened, 1);
    tiers.remote.heal();
    tiers.clock.advance(RECOVERY);
    assert!(serves(&tiers.cache).await);
    assert_eq!(tiers.cache.stats().breaker_closed, 1);
}

#[tokio::test(start_paused = true)]
async fn callers_less_patient_than_the_budget_leave_a_silent_remote_tier_alone_too() {
    let tiers = Tiers::new("remote");
    tiers.remote.on_all(Fault::Hang);
    for id in 0..5 {
        let entry = tiers.cache.scope(async { value::entry(&id) }).await;
        assert!(tokio::time::timeout(Duration::from_millis(60), entry.peek()).await.is_err());
    }
    assert_eq!(tiers.cache.stats().breaker_opened, 1);
}

#[tokio::test]
async fn a_person_can_read_the_keys_and_delete_one() {
    let server = RedisServer::start();
    let cache = cache(&server.url());
    let source = Source::new();
    cache.scope(value(source.clone(), 42)).await.unwrap();
    assert_eq!(server.cli(&["KEYS", "*"]).trim(), "degrade:degrade:42");
    source.update();
    server.cli(&["DEL", "degrade:degrade:42"]);
    assert_eq!(cache.scope(value(source.clone(), 42)).await, Ok(2));
}

#[tokio::test]
async fn a_stopped_redis_never_shows_a_value_that_was_invalidated_meanwhile() {
    let server = RedisServer::start();
    let cache = cache(&server.url());
    let source = Source::new();
    assert_eq!(cache.scope(value(source.clone(), 5)).await, Ok(1));
    server.freeze();
    source.update();
    assert!(cache.scope(async { value::entry(&5).invalidate().await }).await.is_err());
    assert_eq!(cache.scope(value(source.clone(), 5)).await, Ok(2));
    server.thaw();
    for _ in 0..200 {
        assert_eq!(cache.scope(value(source.clone(), 5)).await, Ok(2));
    }
    cache.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!(cache.scope(value(source.clone(), 5)).await, Ok(2));
    // The server knows the new value now, and no lease of a load that is over.
    eventually(RECOVERY, || serves(&cache)).await;
}

#[tokio::test]
async fn a_load_of_three_seconds_with_a_lease_of_one_is_one_load() {
    #[cached(key = "slow", ttl = 60, lock = "1s")]
    async fn slow(source: Source) -> u64 {
        let value = source.load().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        value
    }

    let server = RedisServer::start();
    let (one, other) = (cache(&server.url()), cache(&server.url()));
    let source = Source::new();
    let first = one.scope(slow(source.clone()));
    let second = async {
        source.entered(1).await;
        other.scope(slow(source.clone())).await
    };
    assert_eq!(tokio::join!(first, second), (1, 1));
    assert_eq!(source.loads(), 1);
    assert_eq!(other.stats().lease_waits, 1);
}

#[tokio::test]
async fn a_miss_is_two_round_trips_and_a_hit_is_one() {
    let server = RedisServer::start();
    let cache = cache(&server.url());
    let commands = || -> u64 {
        let info = server.cli(&["INFO", "commandstats"]);
        let calls = |line: &str| line.split(['=', ',']).nth(1)?.parse::<u64>().ok();
        let ours = ["cmdstat_get:", "cmdstat_set:", "cmdstat_evalsha:"];
        let lines = info.lines().filter(|line| ours.iter().any(|name| line.starts_with(name)));
        lines.filter_map(calls).sum::<u64>()
    };
    assert!(serves(&cache).await, "the connection stands and the scripts are loaded");
    let scripts_make = |misses: u64| 2 * misses; // the fill's GETRANGE is none of them, its SET is
    let before = commands();
    for id in 200..210 {
        cache.scope(value(Source::new(), id)).await.unwrap();
    }
    assert_eq!(commands() - before - 10, scripts_make(10));
    let before = commands();
    for id in 200..210 {
        cache.scope(value(Source::new(), id)).await.unwrap();
    }
    assert_eq!(commands() - before, 10);
}
