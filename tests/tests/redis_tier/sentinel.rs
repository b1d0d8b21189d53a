//! A primary that moves, and Sentinels that say where to.

use std::time::Duration;

use cache_runtime::{ErrorKind, Redis, RemoteBackend};
use cache_tests::{RedisSentinel, eventually};

use super::feed::Follower;
use super::{BUDGET, TTL, fails_at_once, lease, serves, value};

/// How long it takes the fleet to notice a death and agree, and us to follow.
const FAILOVER: Duration = Duration::from_secs(15);

fn redis(fleet: &RedisSentinel) -> Redis {
    Redis::sentinel(fleet.urls(), RedisSentinel::NAME).unwrap()
}

async fn writes(redis: &Redis) -> bool {
    let written = redis.get_or_set("shop:written", value(), TTL);
    tokio::time::timeout(BUDGET, written).await.is_ok_and(|answer| answer.is_ok())
}

/// The Sentinel that the tier asks may know of another primary before most of them do.
async fn writes_to_another(fleet: &RedisSentinel, redis: &Redis, primary: usize) -> bool {
    fleet.primary().is_some_and(|now| now != primary) && writes(redis).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_is_found_and_followed_when_it_dies() {
    let mut fleet = RedisSentinel::start();
    let redis = redis(&fleet);
    assert!(writes(&redis).await);
    let follower = Follower::of(&redis).connected().await;
    let primary = fleet.primary().unwrap();
    fleet.servers()[primary].command(&["SET", "shop:k", "a"]);
    follower.is_told("k").await;

    fleet.kill(primary);
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
    eventually(FAILOVER, || writes_to_another(&fleet, &redis, primary)).await;
    let follower = Follower::again(&redis, FAILOVER).await;
    fleet.servers()[fleet.primary().unwrap()].command(&["SET", "shop:k", "b"]);
    follower.is_told("k").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_yields_in_good_order_is_left() {
    let fleet = RedisSentinel::start();
    let redis = redis(&fleet);
    assert!(writes(&redis).await);
    let follower = Follower::of(&redis).connected().await;
    let before = fleet.primary().unwrap();
    assert!(fleet.fail_over());
    assert_eq!(follower.ends_within(FAILOVER).await, ErrorKind::Unavailable);
    eventually(FAILOVER, || writes_to_another(&fleet, &redis, before)).await;
    let follower = Follower::again(&redis, FAILOVER).await;
    fleet.servers()[fleet.primary().unwrap()].command(&["SET", "shop:k", "b"]);
    follower.is_told("k").await;
}

/// Nobody tells a primary that is cut off: it goes on answering.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_does_not_know_it_is_none_any_more_is_left() {
    let fleet = RedisSentinel::start();
    let redis = redis(&fleet);
    assert!(serves(&redis).await);
    let follower = Follower::of(&redis).connected().await;
    for sentinel in fleet.sentinels() {
        sentinel.command(&["SENTINEL", "REMOVE", RedisSentinel::NAME]);
        let other = fleet.servers()[1].port().to_string();
        sentinel.command(&["SENTINEL", "MONITOR", RedisSentinel::NAME, "127.0.0.1", &other, "2"]);
    }
    assert_eq!(follower.ends_within(FAILOVER).await, ErrorKind::Unavailable);
    // The other one is no primary yet, and is refused.
    eventually(FAILOVER, || async {
        let answer = redis.get("key").await;
        answer.is_err_and(|error| error.to_string().contains("replica"))
    })
    .await;
    fleet.servers()[1].command(&["REPLICAOF", "NO", "ONE"]);
    eventually(FAILOVER, || writes(&redis)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sentinel_is_enough_and_none_leaves_the_connection_alone() {
    let mut fleet = RedisSentinel::start();
    fleet.kill_sentinel(0);
    fleet.sentinels()[1].freeze();
    let redis = redis(&fleet);
    let follower = Follower::of(&redis).connected().await;
    eventually(FAILOVER, || writes(&redis)).await;
    fleet.kill_sentinel(2);
    assert_eq!(follower.lasts(Duration::from_millis(2_500)).await, None);
    assert!(redis.release("shop:none", lease()).await.is_ok());
    fleet.sentinels()[1].thaw();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_nobody_watches_is_unavailable_with_the_reason() {
    let fleet = RedisSentinel::start();
    let redis = Redis::sentinel(fleet.urls(), "elsewhere").unwrap();
    assert!(fails_at_once(&redis).await);
    let message = redis.get("key").await.unwrap_err().to_string();
    assert!(message.contains("`elsewhere`"), "{message}");
    assert_eq!(Follower::of(&redis).ends().await, ErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_and_sentinels_have_passwords_of_their_own() {
    let fleet = RedisSentinel::start();
    let primary = fleet.primary().unwrap();
    let rules = "ACL SETUSER ada on >secret ~* +@all";
    fleet.servers()[primary].command(&rules.split(' ').collect::<Vec<_>>());
    let rules = "ACL SETUSER eve on >other &* +@all";
    for sentinel in fleet.sentinels() {
        sentinel.command(&rules.split(' ').collect::<Vec<_>>());
    }
    let urls = fleet.urls().into_iter().map(|url| url.replace("//", "//eve:other@"));
    let redis = Redis::sentinel(urls, "redis://ada:secret@main/3").unwrap();
    redis.get_or_set("shop:k", value(), TTL).await.unwrap();
    assert_eq!(fleet.servers()[primary].cli(&["-n", "3", "EXISTS", "shop:k"]), "1");
    let clients = fleet.servers()[primary].cli(&["CLIENT", "LIST"]);
    assert!(clients.lines().any(|it| it.contains("user=ada") && it.contains("db=3")));
    let urls = fleet.urls().into_iter().map(|url| url.replace("//", "//eve:guess@"));
    let redis = Redis::sentinel(urls, "redis://ada:secret@main/3").unwrap();
    assert!(fails_at_once(&redis).await);
}

/// Commands and changes find the new primary each for themselves: what the old one still answers
/// must not count as followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_old_primary_answers_is_not_kept_once_the_new_one_is_followed() {
    use cache_runtime::{Cache, Key, Policy};
    let fleet = RedisSentinel::start();
    let key = Key::from("k");
    let caches: Vec<Cache> =
        (0..4).map(|_| Cache::builder().namespace("shop").remote(redis(&fleet)).build()).collect();
    caches[0].put(&key, 1_u64, &Policy::new().ttl_secs(3600)).await.unwrap();
    for (at, cache) in caches.iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(130 * at as u64)).await;
        eventually(FAILOVER, || async { cache.get::<u64>(&key).await.ok() == Some(Some(1)) }).await;
    }
    // The connections for commands are made anew, those that tell of changes are not.
    let clients = fleet.servers()[0].cli(&["CLIENT", "LIST", "TYPE", "normal"]);
    for client in clients.lines().filter(|line| line.contains("flags=N ")) {
        let id = client.split(' ').next().unwrap().trim_start_matches("id=");
        let _ = fleet.servers()[0].try_command(&["CLIENT", "KILL", "ID", id]);
        tokio::time::sleep(Duration::from_millis(90)).await;
    }
    for cache in &caches {
        eventually(FAILOVER, || async { cache.get::<u64>(&key).await.ok() == Some(Some(1)) }).await;
    }
    fleet.servers()[1].command(&["REPLICAOF", "NO", "ONE"]);
    fleet.servers()[1].command(&["DEL", "shop:k"]);
    for sentinel in fleet.sentinels() {
        sentinel.command(&["SENTINEL", "REMOVE", RedisSentinel::NAME]);
        let other = fleet.servers()[1].port().to_string();
        sentinel.command(&["SENTINEL", "MONITOR", RedisSentinel::NAME, "127.0.0.1", &other, "2"]);
    }
    // Read while both move, until all follow the new one. Until then old entries may be served.
    let moved = || async {
        for cache in &caches {
            let _ = cache.get::<u64>(&key).await;
        }
        caches.iter().all(|cache| cache.stats().feed_armed > 1)
    };
    eventually(FAILOVER, moved).await;
    for cache in &caches {
        // Commands are at the new primary by now.
        let other = || async { cache.get::<u64>(&Key::from("other")).await.is_ok() };
        eventually(FAILOVER, other).await;
    }
    for cache in &caches {
        assert_eq!(cache.get::<u64>(&key).await.unwrap(), None);
    }
}
