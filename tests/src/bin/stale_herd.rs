//! One process of a herd on a key that is stale: so many tasks, all at once, and as many in another
//! process. Prints how often the body ran here.
//!
//! The load that replaces the value ends when the readers of both processes have been served, so a
//! reader who waits for it waits for itself.
#![allow(clippy::unwrap_used)]

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use cache_runtime::testing::{FakeClock, Probe};
use cache_runtime::{Cache, Moka, Redis, cached};
use cache_tests::eventually;
use tokio::task::JoinSet;

const PROCESSES: u64 = 2;
const LIMIT: Duration = Duration::from_secs(20);

static LOADS: AtomicU64 = AtomicU64::new(0);
static CLIENT: OnceLock<redis::Client> = OnceLock::new();

fn count(name: &str, by: u64) -> u64 {
    let mut connection = CLIENT.get().unwrap().get_connection().unwrap();
    redis::cmd("INCRBY").arg(name).arg(by).query(&mut connection).unwrap()
}

/// Waits until so many have come by.
async fn all_at(name: &str, count_of_all: u64) {
    eventually(LIMIT, || async { count(name, 0) >= count_of_all }).await;
}

async fn meet(name: &str) {
    count(name, 1);
    all_at(name, PROCESSES).await;
}

#[cached(key = "herd:<id>", ttl = 10, stale = 600, lock = true)]
async fn version(id: u64) -> u64 {
    LOADS.fetch_add(1, SeqCst);
    let version = count("version", 1);
    if version > id {
        all_at("served", PROCESSES).await;
    }
    version
}

#[tokio::main]
async fn main() {
    let [tasks, url] = env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    CLIENT.set(redis::Client::open(url.as_str()).unwrap()).unwrap();
    let clock = FakeClock::new();
    let builder = Cache::builder().namespace("herd").clock(clock.clone());
    let cache = builder.local(Moka::new()).remote(Redis::new(&url).unwrap()).build();
    let is_told = || async { cache.is_told() };
    eventually(LIMIT, is_told).await;
    assert_eq!(cache.scope(version(1)).await, 1);
    meet("warm").await;
    clock.advance(Duration::from_secs(12));
    eventually(LIMIT, is_told).await;
    let mut readers = JoinSet::new();
    for _ in 0..tasks.parse().unwrap() {
        let cache = cache.clone();
        readers.spawn(async move { cache.scope(version(1)).await });
    }
    assert!(readers.join_all().await.into_iter().all(|version| version == 1));
    count("served", 1);
    eventually(LIMIT, || async { cache.scope(version(1)).await == 2 }).await;
    meet("replaced").await;
    println!("{}", LOADS.load(SeqCst));
}
