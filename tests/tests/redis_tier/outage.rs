//! Servers that are absent, killed or frozen, and paths that are cut or silent.

use std::time::{Duration, Instant};

use cache_runtime::{ErrorKind, Redis, RemoteBackend};
use cache_tests::{Proxy, RedisServer, eventually};

use super::{BUDGET, RECOVERY, TTL, fails_at_once, get, lease, serves, value};

/// Many calls that fail at once take less than one that waits.
async fn fails_a_hundred_times_at_once(redis: &Redis) {
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(get(redis).await, Err(Some(ErrorKind::Unavailable)));
    }
    assert!(begun.elapsed() < BUDGET);
}

#[tokio::test]
async fn a_server_absent_at_start_is_found_when_it_comes() {
    let mut server = RedisServer::absent();
    let redis = Redis::new(server.url()).unwrap();
    assert!(fails_at_once(&redis).await);
    fails_a_hundred_times_at_once(&redis).await;
    server.restart();
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn the_first_callers_wait_for_the_first_connection() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let (one, two) = tokio::join!(get(&redis), get(&redis));
    assert_eq!((one, two), (Ok(None), Ok(None)));
}

#[tokio::test]
async fn a_server_that_was_killed_is_found_when_it_is_back() {
    let mut server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    assert!(serves(&redis).await);
    server.kill();
    eventually(RECOVERY, || fails_at_once(&redis)).await;
    fails_a_hundred_times_at_once(&redis).await;
    server.restart();
    eventually(RECOVERY, || serves(&redis)).await;
    assert_eq!(redis.get_or_set("key", value(), TTL).await.unwrap(), None);
}

#[tokio::test]
async fn after_a_long_outage_it_is_found_as_soon() {
    let mut server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    assert!(serves(&redis).await);
    server.kill();
    // Pauses grow from one attempt to the next: by now they would be long if nothing held them.
    eventually(4 * RECOVERY, || async { proxy.connections() > 12 }).await;
    server.restart();
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn a_disconnect_is_noticed_without_a_call() {
    let mut server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    assert!(serves(&redis).await);
    server.kill();
    server.restart();
    let begun = Instant::now();
    while proxy.connections() == 1 {
        assert!(begun.elapsed() < Duration::from_millis(400), "earlier than a PING would");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn a_frozen_server_is_left_alone_and_found_when_it_goes_on() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    assert!(serves(&redis).await);
    server.freeze();
    assert_eq!(get(&redis).await, Err(None), "until it is noticed, calls wait");
    eventually(RECOVERY, || fails_at_once(&redis)).await;
    fails_a_hundred_times_at_once(&redis).await;
    server.thaw();
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn a_server_frozen_at_start_is_found_when_it_goes_on() {
    let server = RedisServer::start();
    server.freeze();
    let redis = Redis::new(server.url()).unwrap();
    assert_eq!(get(&redis).await, Err(None));
    eventually(RECOVERY, || fails_at_once(&redis)).await;
    server.thaw();
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn a_connection_that_the_path_forgot_is_replaced() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    assert!(serves(&redis).await);
    proxy.forget();
    assert!(!serves(&redis).await);
    eventually(RECOVERY, || serves(&redis)).await;
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn a_path_silent_for_a_while_is_found_when_it_is_back() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    assert!(serves(&redis).await);
    proxy.silence();
    eventually(RECOVERY, || fails_at_once(&redis)).await;
    // Long enough for attempts to be swallowed too.
    eventually(2 * RECOVERY, || async { proxy.connections() > 3 }).await;
    fails_a_hundred_times_at_once(&redis).await;
    proxy.restore();
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_replaced() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    for _ in 0..3 {
        eventually(RECOVERY, || serves(&redis)).await;
        let before = proxy.connections();
        proxy.cut();
        eventually(RECOVERY, || async { proxy.connections() > before }).await;
    }
    eventually(RECOVERY, || serves(&redis)).await;
}

#[tokio::test]
async fn a_primary_that_became_a_replica_is_looked_for_again() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let redis = Redis::new(proxy.url()).unwrap();
    assert!(serves(&redis).await);
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = redis.get_or_set("key", lease(), TTL).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    eventually(RECOVERY, || async { proxy.connections() > 1 }).await;
    server.command(&["REPLICAOF", "NO", "ONE"]);
    let writes = || async { redis.get_or_set("key", lease(), TTL).await.is_ok() };
    eventually(RECOVERY, writes).await;
}
