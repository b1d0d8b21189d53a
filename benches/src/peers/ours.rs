//! This cache.

use std::sync::{Arc, LazyLock};

use cache_runtime::{Cache, Moka, QuickCache, Redis, cached};

use crate::contender::Contender;
use crate::expiry::origin::load;
use crate::expiry::{Case as Expiry, REFRESH, STALE, ttl};
use crate::hit::{Case, Returns};
use crate::peers::redis::url;
use crate::stampede::{slow, slow_shared};
use crate::workload::{LoadError, User, Value};

#[cached(ttl = 3600, key = "sum:<id>")]
async fn number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cached(ttl = 3600, key = "user:<id>")]
async fn shared(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[cached(ttl = 3600, key = "owned:<id>")]
async fn owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

#[cached(ttl = 3600)]
async fn number_by_default_key(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cached(ttl = 3600)]
async fn shared_by_default_key(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[cached(ttl = 3600)]
async fn owned_by_default_key(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

static QUICK: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().local(QuickCache::new().capacity(2_000_000)).no_remote().no_journal().build()
});

#[cached(ttl = 3600, key = "sum:<id>", cache = QUICK)]
async fn number_on_quick_cache(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cached(ttl = 3600, key = "user:<id>", cache = QUICK)]
async fn shared_on_quick_cache(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[cached(ttl = 3600, key = "owned:<id>", cache = QUICK)]
async fn owned_on_quick_cache(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

const ON_QUICK_CACHE: &str = "ours #[cached(key = \"…:<id>\")] on quick_cache";

/// The name of the case the figures are about.
pub const TEMPLATE: &str = "ours #[cached(key = \"…:<id>\")] on moka";

const DEFAULT: &str = "ours #[cached] on moka, default key";

/// The process-wide cache with its local tier alone.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    use_local_tier();
    match returns {
        Returns::Number => vec![
            Case::annotated(TEMPLATE, n, number),
            Case::annotated(DEFAULT, n, number_by_default_key),
            Case::annotated(ON_QUICK_CACHE, n, number_on_quick_cache),
        ],
        Returns::Shared => vec![
            Case::annotated(TEMPLATE, n, shared),
            Case::annotated(DEFAULT, n, shared_by_default_key),
            Case::annotated(ON_QUICK_CACHE, n, shared_on_quick_cache),
        ],
        Returns::Owned => vec![
            Case::annotated(TEMPLATE, n, owned),
            Case::annotated(DEFAULT, n, owned_by_default_key),
            Case::annotated(ON_QUICK_CACHE, n, owned_on_quick_cache),
        ],
    }
}

fn use_local_tier() {
    let local = Moka::new().capacity(2_000_000);
    // Every call after the first finds one installed.
    let _ = Cache::builder().local(local).no_remote().no_journal().build().install();
}

static REMOTE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().namespace("ours").no_local().remote(redis()).build());

static BOTH: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().namespace("ours").local(Moka::new()).remote(redis()).build());

#[expect(clippy::expect_used, reason = "the harness made the URL")]
fn redis() -> Redis {
    Redis::new(url()).expect("a URL of the harness's own server")
}

#[cached(ttl = 3600, key = "user:<id>", cache = REMOTE)]
async fn in_redis(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

/// The name of the case the figures are about.
pub const IN_REDIS: &str = "ours #[cached(key = \"user:<id>\")] on Redis alone";

/// The Redis tier alone.
pub fn redis_clients() -> Vec<Contender> {
    vec![Contender::new(IN_REDIS, in_redis)]
}

#[cached(ttl = 3600, key = "slow:<id>")]
async fn slow_user(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

#[cached(ttl = 3600, key = "slow-shared:<id>")]
async fn slow_shared_user(id: u64) -> Result<Arc<User>, LoadError> {
    slow_shared(id).await
}

/// The local tier alone.
pub fn stampedes() -> Vec<Contender> {
    use_local_tier();
    vec![
        Contender::new("ours #[cached]", slow_user),
        Contender::new("ours #[cached] → Arc<User>", slow_shared_user),
    ]
}

#[cached(ttl = 3600, key = "locked:<id>", lock = true, cache = BOTH)]
async fn locked_user(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

#[cached(ttl = 3600, key = "unlocked:<id>", cache = BOTH)]
async fn unlocked_user(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

/// Both tiers, with and without a lock over the fleet.
pub fn fleet_stampedes() -> Vec<Contender> {
    vec![
        Contender::new("ours #[cached(lock = true)], both tiers", locked_user),
        Contender::new("ours #[cached], both tiers", unlocked_user),
    ]
}

static HOT: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().local(Moka::new()).no_remote().no_journal().default_ttl(ttl()).build()
});

#[cached(key = "hot:<id>", ttl = "forever", cache = HOT)]
async fn hot_for_ever(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[cached(key = "hot:<id>", cache = HOT)]
async fn hot(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[cached(key = "hot:<id>", refresh = REFRESH, cache = HOT)]
async fn hot_refreshed(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[cached(key = "hot:<id>", refresh = "xfetch", cache = HOT)]
async fn hot_xfetched(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[cached(key = "hot:<id>", stale = STALE, cache = HOT)]
async fn hot_stale(id: u64) -> Result<User, LoadError> {
    load(id).await
}

const HIT: &str = "ours #[cached(ttl = \"forever\")]";

/// Each way to replace a value before anybody waits, and none of them.
pub fn expiries() -> Vec<Expiry> {
    vec![
        Expiry::control(Contender::new(HIT, hot_for_ever)),
        Expiry::new(Contender::new("ours #[cached]", hot), HIT),
        Expiry::new(Contender::new("ours #[cached(refresh = 0.8)]", hot_refreshed), HIT),
        Expiry::new(Contender::new("ours #[cached(refresh = \"xfetch\")]", hot_xfetched), HIT),
        Expiry::new(Contender::new("ours #[cached(stale = \"5s\")]", hot_stale), HIT),
    ]
}
