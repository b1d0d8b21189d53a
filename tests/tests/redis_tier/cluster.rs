//! Keys spread over primaries that fail, and are replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_runtime::testing::conformance;
use cache_runtime::{Error, ErrorKind, Redis, RemoteBackend};
use cache_tests::{RedisCluster, Source, eventually};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::coherence::Process;
use super::feed::Follower;
use super::{BUDGET, TTL, value};

/// How long it takes the cluster to notice a death and agree, and us to follow.
const FAILOVER: Duration = Duration::from_secs(15);

fn redis(cluster: &RedisCluster) -> Redis {
    Redis::cluster(cluster.urls()).unwrap()
}

/// Some keys of each primary.
fn names() -> impl Iterator<Item = String> {
    (0..30).map(|number| format!("k{number}"))
}

async fn serves(redis: &Redis, name: &str) -> bool {
    let key = format!("shop:{name}");
    timeout(BUDGET, redis.get(&key)).await.is_ok_and(|answer| answer.is_ok())
}

async fn serves_all(redis: &Redis) -> bool {
    for name in names() {
        if !serves(redis, &name).await {
            return false;
        }
    }
    true
}

async fn writes(redis: &Redis, name: &str) -> bool {
    let key = format!("shop:{name}");
    let written = timeout(BUDGET, redis.get_or_set(&key, value(), TTL)).await;
    written.is_ok_and(|answer| answer.is_ok())
}

/// What every key of the cluster is told of.
async fn tells_all(redis: &Redis, follower: &Follower) {
    for name in names() {
        redis.invalidate(&format!("shop:{name}")).await.unwrap();
        redis.get_or_set(&format!("shop:{name}"), value(), TTL).await.unwrap();
        follower.is_told(&name).await;
    }
}

/// Somebody who asks for one key all the time.
struct Asking {
    done: Arc<AtomicBool>,
    task: JoinHandle<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    served: u32,
    late: u32,
    refused: Vec<Error>,
}

impl Asking {
    fn for_key(redis: &Redis, name: &str) -> Self {
        let (redis, done) = (redis.clone(), Arc::new(AtomicBool::new(false)));
        let (key, asking) = (format!("shop:{name}"), Arc::clone(&done));
        let task = tokio::spawn(async move {
            let mut answers = Answers::default();
            while !asking.load(Ordering::Relaxed) {
                match timeout(BUDGET, redis.get(&key)).await {
                    Ok(Ok(_)) => answers.served += 1,
                    Ok(Err(error)) => answers.refused.push(error),
                    Err(_) => answers.late += 1,
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            answers
        });
        Self { done, task }
    }

    /// A machine that is busy with other things may be late, now and then.
    async fn were_served(self) {
        self.done.store(true, Ordering::Relaxed);
        let answers = self.task.await.unwrap();
        assert!(answers.refused.is_empty(), "the other primaries serve on: {answers:?}");
        assert!(answers.served > 5 * answers.late, "and in time: {answers:?}");
    }
}

/// A key of the primary, and one of another.
fn names_by_owner(cluster: &RedisCluster, primary: usize) -> (String, String) {
    let owned = |name: &String| cluster.owner(&format!("shop:{name}")) == Some(primary);
    (names().find(owned).unwrap(), names().find(|name| !owned(name)).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_a_remote_tier_and_tells_its_changes() {
    let cluster = RedisCluster::start();
    conformance::remote(|| redis(&cluster)).await;
    conformance::feed(|| redis(&cluster)).await;
    let redis = redis(&cluster);
    let follower = Follower::of(&redis).connected().await;
    tells_all(&redis, &follower).await;
    for primary in cluster.primaries() {
        let before = follower.log.all_changed();
        cluster.nodes()[primary].command(&["FLUSHALL"]);
        eventually(FAILOVER, || async { follower.log.all_changed() > before }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_reaches_every_primary() {
    let cluster = RedisCluster::start();
    let redis = redis(&cluster);
    for number in 0..2_000 {
        let key = format!("shop:{number}");
        redis.get_or_set(&key, value(), TTL).await.unwrap();
    }
    redis.get_or_set("shop2:kept", value(), TTL).await.unwrap();
    redis.clear("shop:").await.unwrap();
    let left = cluster
        .primaries()
        .into_iter()
        .map(|primary| cluster.nodes()[primary].cli(&["DBSIZE"]).parse::<u64>().unwrap());
    assert_eq!(left.sum::<u64>(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_killed_takes_its_own_keys_along_until_it_is_replaced() {
    let mut cluster = RedisCluster::start();
    let redis = redis(&cluster);
    eventually(FAILOVER, || serves_all(&redis)).await;
    let follower = Follower::of(&redis).connected().await;
    let (lost, kept) = names_by_owner(&cluster, 0);
    let others = Asking::for_key(&redis, &kept);
    cluster.kill(0);
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
    eventually(FAILOVER, || writes(&redis, &lost)).await;
    let follower = Follower::again(&redis, FAILOVER).await;
    tells_all(&redis, &follower).await;
    others.were_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_frozen_is_left_when_it_is_replaced() {
    let cluster = RedisCluster::start();
    let redis = redis(&cluster);
    eventually(FAILOVER, || serves_all(&redis)).await;
    let follower = Follower::of(&redis).connected().await;
    let (lost, kept) = names_by_owner(&cluster, 0);
    let others = Asking::for_key(&redis, &kept);
    cluster.nodes()[0].freeze();
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
    eventually(FAILOVER, || writes(&redis, &lost)).await;
    let follower = Follower::again(&redis, FAILOVER).await;
    tells_all(&redis, &follower).await;
    others.were_served().await;
    cluster.nodes()[0].thaw();
    assert!(cluster.recovers_within(FAILOVER));
    eventually(FAILOVER, || serves_all(&redis)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_yields_in_good_order_is_left() {
    let cluster = RedisCluster::start();
    let redis = redis(&cluster);
    eventually(FAILOVER, || serves_all(&redis)).await;
    let follower = Follower::of(&redis).connected().await;
    let (moved, _) = names_by_owner(&cluster, 0);
    assert!(cluster.fail_over(0));
    assert_eq!(follower.ends_within(FAILOVER).await, ErrorKind::Unavailable);
    eventually(FAILOVER, || writes(&redis, &moved)).await;
    let follower = Follower::again(&redis, FAILOVER).await;
    tells_all(&redis, &follower).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_gone_fails_within_the_budget_and_is_found_again() {
    let mut cluster = RedisCluster::start();
    let redis = redis(&cluster);
    eventually(FAILOVER, || serves_all(&redis)).await;
    for node in 0..cluster.nodes().len() {
        cluster.kill(node);
    }
    for name in names() {
        assert!(!serves(&redis, &name).await);
    }
    assert_eq!(Follower::of(&redis).ends().await, ErrorKind::Unavailable);
    for node in 0..cluster.nodes().len() {
        cluster.restart(node);
    }
    assert!(cluster.recovers_within(2 * FAILOVER));
    eventually(FAILOVER, || serves_all(&redis)).await;
    let follower = Follower::again(&redis, FAILOVER).await;
    tells_all(&redis, &follower).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_that_is_there_is_enough_to_find_the_others() {
    let cluster = RedisCluster::start();
    let absent = "redis://127.0.0.1:1".to_owned();
    let redis = Redis::cluster([absent, cluster.nodes()[4].url()]).unwrap();
    eventually(FAILOVER, || serves_all(&redis)).await;
    let follower = Follower::of(&redis).connected().await;
    tells_all(&redis, &follower).await;
}

/// Makes `node` a primary that is part of the cluster and has no slots; answers its id.
fn join_as_primary(cluster: &RedisCluster, node: usize) -> String {
    let nodes = cluster.nodes();
    nodes[node].command(&["CLUSTER", "RESET", "SOFT"]);
    let id = nodes[node].cli(&["CLUSTER", "MYID"]);
    let (port, bus) =
        (nodes[0].port().to_string(), nodes[0].cli(&["CONFIG", "GET", "cluster-port"]));
    let bus = bus.lines().last().unwrap();
    let known = |view: &str| {
        let is_primary = |line: &str| line.contains("master") && !line.contains("fail");
        view.lines().any(|line| line.contains(&id) && is_primary(line))
    };
    let is_known = || {
        // A handshake that takes long is given up.
        if nodes[node].cli(&["CLUSTER", "NODES"]).lines().count() == 1 {
            nodes[node].command(&["CLUSTER", "MEET", "127.0.0.1", &port, bus]);
        }
        let mut views = nodes.iter().map(|node| node.cli(&["CLUSTER", "NODES"]));
        let is_known = views.all(|view| known(&view) && view.lines().count() == nodes.len());
        is_known && nodes[node].cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
    };
    assert!(cache_tests::holds_within(FAILOVER, is_known));
    id
}

/// Gives the slot of `key`, which `from` has, to a primary.
fn give_slot(cluster: &RedisCluster, key: &str, from: usize, to: usize, id: &str) {
    let nodes = cluster.nodes();
    let slot = nodes[0].cli(&["CLUSTER", "KEYSLOT", key]);
    for at in [to, from] {
        nodes[at].command(&["CLUSTER", "SETSLOT", &slot, "NODE", id]);
    }
    nodes[to].command(&["CLUSTER", "BUMPEPOCH"]);
}

/// Puts the slot of `key` on its way to a primary, and the key ahead of it.
fn send_ahead(cluster: &RedisCluster, key: &str, to: usize, id: &str) {
    let (nodes, owner) = (cluster.nodes(), cluster.owner(key).unwrap());
    let slot = nodes[0].cli(&["CLUSTER", "KEYSLOT", key]);
    let from = nodes[owner].cli(&["CLUSTER", "MYID"]);
    nodes[to].command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from]);
    nodes[owner].command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", id]);
    let port = nodes[to].port().to_string();
    let sent = nodes[owner].cli(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
    assert_eq!(sent, "OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_new_is_followed_before_it_has_a_slot() {
    let cluster = RedisCluster::start();
    let redis = redis(&cluster);
    eventually(FAILOVER, || serves_all(&redis)).await;
    let follower = Follower::of(&redis).connected().await;
    let id = join_as_primary(&cluster, 4);
    assert_eq!(follower.ends_within(FAILOVER).await, ErrorKind::Unavailable);
    let follower = Follower::again(&redis, FAILOVER).await;
    redis.clear("shop:").await.unwrap();
    give_slot(&cluster, "shop:k7", cluster.owner("shop:k7").unwrap(), 4, &id);
    tells_all(&redis, &follower).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_ahead_of_its_slot_is_invalidated_everywhere() {
    let cluster = RedisCluster::start();
    let id = join_as_primary(&cluster, 4);
    let source = Source::new();
    let here = Process::over(redis(&cluster), &source).connected().await;
    let there = Process::over(redis(&cluster), &source).connected().await;
    here.warm().await;
    send_ahead(&cluster, "shop:version:1", 4, &id);
    here.warm().await;
    there.update().await;
    here.reads(2).await;
    let view = cluster.nodes()[4].cli(&["CLUSTER", "NODES"]);
    assert!(view.contains("-<-"), "the slot is still on its way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_counts_as_cleared_while_a_key_is_ahead_of_its_slot() {
    let cluster = RedisCluster::start();
    let redis = redis(&cluster);
    let id = join_as_primary(&cluster, 4);
    eventually(FAILOVER, || writes(&redis, "k7")).await;
    let owner = cluster.owner("shop:k7").unwrap();
    send_ahead(&cluster, "shop:k7", 4, &id);
    let refused = redis.clear("shop:").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
    redis.clear("shop:other").await.unwrap();
    give_slot(&cluster, "shop:k7", owner, 4, &id);
    eventually(FAILOVER, || async { redis.clear("shop:").await.is_ok() }).await;
    assert_eq!(redis.get("shop:k7").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_before_it_has_a_slot_is_left() {
    let mut cluster = RedisCluster::start();
    let redis = redis(&cluster);
    join_as_primary(&cluster, 4);
    let follower = Follower::again(&redis, FAILOVER).await;
    cluster.kill(4);
    assert_eq!(follower.ends().await, ErrorKind::Unavailable);
    let follower = Follower::again(&redis, FAILOVER).await;
    tells_all(&redis, &follower).await;
}
