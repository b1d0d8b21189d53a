//! The cached functions, and the cache they are in.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cache_runtime::{Cache, Moka, Redis, cached};
use cache_tests::RedisSentinel;
use serde::{Deserialize, Serialize};

use crate::args::{Args, Kind};
use crate::random::Random;
use crate::register::Register;

pub(crate) const DISCONNECTED_TTL: Duration = Duration::from_secs(1);
pub(crate) const REMOTE_BUDGET: Duration = Duration::from_millis(250);
pub(crate) const TTL: Duration = Duration::from_secs(20);
const FRESH: Duration = Duration::from_millis(500);
const STALE: Duration = Duration::from_millis(19_500);
pub(crate) const LONGEST_LOAD: Duration = Duration::from_millis(60);

static REGISTER: OnceLock<Arc<Register>> = OnceLock::new();

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) version: u64,
    filler: String,
}

impl Item {
    pub(crate) fn new(id: u64, version: u64) -> Self {
        Self { id, version, filler: "-".repeat(100) }
    }
}

/// Makes `register` the source of all items.
pub(crate) fn come_from(register: Arc<Register>) {
    assert!(REGISTER.set(register).is_ok(), "there is one truth");
}

pub(crate) fn cache(args: &Args) -> Cache {
    let redis = match args.topology {
        Kind::Single => Redis::new(&args.urls[0]),
        Kind::Cluster => Redis::cluster(&args.urls),
        Kind::Sentinel => Redis::sentinel(&args.urls, RedisSentinel::NAME),
    };
    let redis = redis.expect("the parent knows what it started");
    Cache::builder()
        .namespace("checker")
        .local(Moka::new().capacity(10_000))
        .remote(redis)
        .local_ttl(args.local_ttl)
        .disconnected_ttl(DISCONNECTED_TTL)
        .remote_budget(REMOTE_BUDGET)
        .lease(Duration::from_secs(2))
        .barrier_hold(Duration::from_secs(2))
        .build()
}

/// Reads the truth somewhere in the middle of a load, which takes a while now and then.
pub(crate) async fn load(id: u64) -> Item {
    let register = REGISTER.get().expect("the process has begun");
    let mut random = Random::new(crate::clock::now(), id);
    pause(&mut random).await;
    let version = register.version(id);
    pause(&mut random).await;
    Item::new(id, version)
}

async fn pause(random: &mut Random) {
    let longest = if random.one_in(4) { 20 } else { 3 };
    if !random.one_in(3) {
        tokio::time::sleep(random.millis(0, longest)).await;
    }
}

#[cached(key = "item:<id>", ttl = TTL)]
pub(crate) async fn plain(id: u64) -> Item {
    load(id).await
}

/// Is replaced again and again while it is fresh.
#[cached(key = "item:<id>", ttl = TTL, refresh = 0.02)]
pub(crate) async fn early(id: u64) -> Item {
    load(id).await
}

/// Is stale most of the time, and lives no longer than the others.
#[cached(key = "item:<id>", ttl = FRESH, stale = STALE)]
pub(crate) async fn stale(id: u64) -> Item {
    load(id).await
}

#[cached(key = "item:<id>", ttl = TTL, lock = true)]
pub(crate) async fn locked(id: u64) -> Item {
    load(id).await
}
