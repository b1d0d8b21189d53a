//! The harness itself: clusters and Sentinels form, and fail over.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cache_tests::{RedisCluster, RedisSentinel, holds_within};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_cluster_replaces_a_dead_primary() {
    let mut cluster = RedisCluster::start();
    let owner = cluster.owner("shop:user:42").unwrap();
    cluster.kill(owner);
    assert!(holds_within(LIMIT, || cluster.owner("shop:user:42").is_some_and(|it| it != owner)));
    cluster.restart(owner);
    assert!(cluster.recovers_within(LIMIT));
    assert!(!cluster.is_primary(owner));
}

#[test]
fn a_cluster_fails_over_on_command() {
    let cluster = RedisCluster::start();
    let owner = cluster.primaries()[0];
    assert!(cluster.fail_over(owner));
    assert!(holds_within(LIMIT, || !cluster.is_primary(owner)));
    assert!(cluster.recovers_within(LIMIT));
}

#[test]
fn sentinels_replace_a_dead_primary() {
    let mut fleet = RedisSentinel::start();
    let primary = fleet.primary().unwrap();
    fleet.kill(primary);
    assert!(holds_within(LIMIT, || fleet.primary().is_some_and(|it| it != primary)));
    fleet.restart(primary);
    assert!(fleet.recovers_within(LIMIT));
}

#[test]
fn sentinels_fail_over_on_command() {
    let fleet = RedisSentinel::start();
    let primary = fleet.primary().unwrap();
    assert!(fleet.fail_over());
    assert!(holds_within(LIMIT, || fleet.primary().is_some_and(|it| it != primary)));
    assert!(fleet.recovers_within(LIMIT));
}
