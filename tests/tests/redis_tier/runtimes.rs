//! One `Redis` and the runtimes that come and go, as with a suite of `#[tokio::test]`s.

use std::thread;

use cache_runtime::{Redis, RemoteBackend};
use cache_tests::{RedisServer, eventually};
use tokio::runtime::{Builder, Runtime};

use super::{RECOVERY, TTL, serves, value};

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// How many connections of ours the server has.
fn connections(server: &RedisServer) -> usize {
    let clients = server.cli(&["CLIENT", "LIST"]);
    clients.matches("name=cache-runtime ").count()
}

#[test]
fn runtimes_after_one_another_and_beside_each_other_are_served() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let first = one_thread();
    assert!(first.block_on(serves(&redis)));
    let second = Runtime::new().unwrap();
    assert!(second.block_on(serves(&redis)));
    assert!(first.block_on(serves(&redis)));
    drop(first);
    assert!(second.block_on(serves(&redis)));
    drop(second);
    thread::scope(|threads| {
        for at in 0..8 {
            let redis = &redis;
            threads.spawn(move || {
                let key = format!("key:{at}");
                let set = redis.get_or_set(&key, value(), TTL);
                assert_eq!(one_thread().block_on(set).unwrap(), None);
                let got = one_thread().block_on(redis.get(&key)).unwrap();
                assert_eq!(got, Some(value()));
            });
        }
    });
}

#[test]
fn a_runtime_that_was_left_standing_is_served_when_it_goes_on() {
    let mut server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let standing = one_thread();
    assert!(standing.block_on(serves(&redis)));
    server.restart();
    // Nobody drove the runtime while the server went and came.
    standing.block_on(eventually(RECOVERY, || serves(&redis)));
}

#[tokio::test]
async fn connections_end_with_their_runtime_and_with_the_last_clone() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    assert!(serves(&redis).await);
    assert_eq!(connections(&server), 1);
    let elsewhere = {
        let redis = redis.clone();
        move || assert!(one_thread().block_on(serves(&redis)))
    };
    tokio::task::spawn_blocking(elsewhere).await.unwrap();
    eventually(RECOVERY, || async { connections(&server) == 1 }).await;
    assert!(serves(&redis).await);
    drop(redis);
    eventually(RECOVERY, || async { connections(&server) == 0 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_share_one_connection() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let tasks: Vec<_> = (0..1_000)
        .map(|at| {
            let redis = redis.clone();
            tokio::spawn(async move {
                let key = format!("key:{}", at % 100);
                redis.get_or_set(&key, key.clone().into(), TTL).await.unwrap();
                assert_eq!(redis.get(&key).await.unwrap().unwrap(), key);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(connections(&server), 1);
}
