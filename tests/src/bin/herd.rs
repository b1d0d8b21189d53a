//! One process of a stampede: so many tasks on one cold key, all at once. Prints how often the
//! body ran here.
//!
//! It begins when as many processes as take part have said in Redis that they are ready.
#![allow(clippy::unwrap_used)]

use std::env;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use cache_runtime::{Cache, Moka, Redis, cached};
use tokio::task::JoinSet;

const PROCESSES: u64 = 2;

static LOADS: AtomicU64 = AtomicU64::new(0);

async fn load() -> u64 {
    LOADS.fetch_add(1, SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    42
}

#[cached(key = "herd:<id>", ttl = 60, lock = true)]
async fn locked(id: u64) -> Result<u64, String> {
    Ok(load().await)
}

#[cached(key = "herd:<id>", ttl = 60)]
async fn unlocked(id: u64) -> Result<u64, String> {
    Ok(load().await)
}

/// Waits until all processes are here.
async fn meet(url: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut here: u64 = redis::cmd("INCR").arg("ready").query(&mut connection).unwrap();
    while here < PROCESSES {
        tokio::time::sleep(Duration::from_millis(1)).await;
        here = redis::cmd("GET").arg("ready").query(&mut connection).unwrap();
    }
}

#[tokio::main]
async fn main() {
    let [function, tasks, url] = env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    let tasks: u64 = tasks.parse().unwrap();
    let redis = Redis::new(&url).unwrap();
    let cache = Cache::builder().namespace("herd").local(Moka::new()).remote(redis).build();
    // A connection of its own stands before the others are waited for.
    assert_eq!(cache.get::<u64>(&"warm".into()).await.unwrap(), None);
    meet(&url).await;
    let mut callers = JoinSet::new();
    for _ in 0..tasks {
        let (cache, locks) = (cache.clone(), function == "locked");
        callers.spawn(async move {
            if locks { cache.scope(locked(1)).await } else { cache.scope(unlocked(1)).await }
        });
    }
    let values = callers.join_all().await;
    assert!(values.into_iter().all(|value| value == Ok(42)));
    println!("{}", LOADS.load(SeqCst));
}
