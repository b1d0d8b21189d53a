//! `cached`: the best known peer.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ::cached::claim::ClaimRegistry;
use ::cached::macros::{cached, concurrent_cached};
use ::cached::{AsyncRedisCache, ConcurrentCacheExpiry, ConcurrentCloneCached};
use tokio::time::timeout;

use crate::contender::Contender;
use crate::expiry::origin::load;
use crate::expiry::{Case as Expiry, REFRESH, ttl};
use crate::hit::{Case, Returns};
use crate::peers::redis::url;
use crate::stampede::slow;
use crate::workload::{LoadError, User, Value};

#[cached]
async fn default_number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cached]
async fn default_shared(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[cached]
async fn default_owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

#[concurrent_cached(max_size = 40000, ttl_secs = 3600)]
async fn lru_number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[concurrent_cached(max_size = 40000, ttl_secs = 3600)]
async fn lru_shared(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[concurrent_cached(max_size = 40000, ttl_secs = 3600)]
async fn lru_owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

#[concurrent_cached(
    max_size = 40000,
    ttl_secs = 3600,
    key = "String",
    convert = r#"{ format!("user:{id}") }"#
)]
async fn text_number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[concurrent_cached(
    max_size = 40000,
    ttl_secs = 3600,
    key = "String",
    convert = r#"{ format!("user:{id}") }"#
)]
async fn text_shared(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[concurrent_cached(
    max_size = 40000,
    ttl_secs = 3600,
    key = "String",
    convert = r#"{ format!("user:{id}") }"#
)]
async fn text_owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

const DEFAULT: &str = "cached #[cached], u64 key, no ttl";
const LRU: &str = "cached #[concurrent_cached], lru + ttl, u64 key";
const TEXT: &str = "cached #[concurrent_cached], lru + ttl, String key";

/// Its default, and its concurrent store by number and by text.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    match returns {
        Returns::Number => vec![
            Case::annotated(DEFAULT, n, default_number),
            Case::annotated(LRU, n, lru_number),
            Case::annotated(TEXT, n, text_number),
        ],
        Returns::Shared => vec![
            Case::annotated(DEFAULT, n, default_shared),
            Case::annotated(LRU, n, lru_shared),
            Case::annotated(TEXT, n, text_shared),
        ],
        Returns::Owned => vec![
            Case::annotated(DEFAULT, n, default_owned),
            Case::annotated(LRU, n, lru_owned),
            Case::annotated(TEXT, n, text_owned),
        ],
    }
}

#[concurrent_cached(
    map_error = |error| LoadError(format!("{error:?}")),
    ty = "AsyncRedisCache<u64, User>",
    create = r#"{ store("hit").await }"#
)]
async fn redis_hit(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

#[concurrent_cached(
    map_error = |error| LoadError(format!("{error:?}")),
    ty = "AsyncRedisCache<u64, User>",
    create = r#"{ store("stampede").await }"#
)]
async fn redis_slow(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

#[expect(clippy::expect_used, reason = "the macro leaves no room for an error")]
async fn store(prefix: &str) -> AsyncRedisCache<u64, User> {
    AsyncRedisCache::builder(prefix)
        .ttl(Duration::from_hours(1))
        .connection_string(url())
        .build()
        .await
        .expect("the harness's own server answers")
}

/// Its Redis store.
pub fn redis_clients() -> Vec<Contender> {
    vec![Contender::new("cached AsyncRedisCache", redis_hit)]
}

#[cached(max_size = 100, ttl_secs = 3600)]
async fn slow_default(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

#[cached(max_size = 100, ttl_secs = 3600, sync_writes = true)]
async fn slow_sync(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

#[cached(max_size = 100, ttl_secs = 3600, sync_writes = "by_key")]
async fn slow_by_key(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

#[concurrent_cached(max_size = 1000, ttl_secs = 3600)]
async fn slow_concurrent(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

/// Its default, its two locks and its concurrent store.
pub fn stampedes() -> Vec<Contender> {
    vec![
        Contender::new("cached #[cached]", slow_default),
        Contender::new("cached #[cached(sync_writes = true)]", slow_sync),
        Contender::new("cached #[cached(sync_writes = \"by_key\")]", slow_by_key),
        Contender::new("cached #[concurrent_cached]", slow_concurrent),
    ]
}

/// Its Redis store.
pub fn fleet_stampedes() -> Vec<Contender> {
    vec![Contender::new("cached AsyncRedisCache", redis_slow)]
}

#[concurrent_cached(ttl_secs = 3600)]
async fn hot_lasting(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[concurrent_cached(ttl = "ttl()")]
async fn hot(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[concurrent_cached(ttl = "ttl()")]
async fn hot_ahead(id: u64) -> Result<User, LoadError> {
    load(id).await
}

#[concurrent_cached(ttl = "ttl()")]
async fn hot_stale(id: u64) -> Result<User, LoadError> {
    load(id).await
}

const HIT: &str = "cached #[concurrent_cached], an hour";

/// It has no setting for it but two recipes, which its users write out for each function:
/// `examples/refresh_before_expiry.rs` and `examples/stale_while_revalidate.rs`, both with its
/// `ClaimRegistry`.
pub fn expiries() -> Vec<Expiry> {
    vec![
        Expiry::control(Contender::new(HIT, hot_lasting)),
        Expiry::new(Contender::new("cached #[concurrent_cached], ttl", hot), HIT),
        Expiry::new(Contender::new("cached, its refresh_before_expiry recipe", ahead), HIT),
        Expiry::new(Contender::new("cached, its stale_while_revalidate recipe", stale), HIT),
    ]
}

/// The recipe's bound on a load in the background.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(5);

async fn ahead(id: u64) -> Result<User, LoadError> {
    static REFRESHING: LazyLock<ClaimRegistry<u64>> = LazyLock::new(ClaimRegistry::new);
    let peeked = HOT_AHEAD.get().map(|cache| cache.peek_expires_at(&id));
    let Some((Some(user), expires_at)) = peeked else {
        return hot_ahead(id).await;
    };
    let left = expires_at.map(|end| end.saturating_duration_since(Instant::now()));
    if left.is_some_and(|left| left < ttl().mul_f64(1.0 - REFRESH))
        && let Some(claim) = REFRESHING.claim(id)
    {
        tokio::spawn(
            async move { timeout(REFRESH_TIMEOUT, hot_ahead_prime_cache(*claim.key())).await },
        );
    }
    Ok(user)
}

async fn stale(id: u64) -> Result<User, LoadError> {
    static REFRESHING: LazyLock<ClaimRegistry<u64>> = LazyLock::new(ClaimRegistry::new);
    let peeked = HOT_STALE.get().map(|cache| cache.cache_peek_with_expiry_status(&id));
    let Some((Some(user), expired)) = peeked else {
        return hot_stale(id).await;
    };
    if expired && let Some(claim) = REFRESHING.claim(id) {
        tokio::spawn(
            async move { timeout(REFRESH_TIMEOUT, hot_stale_prime_cache(*claim.key())).await },
        );
    }
    Ok(user)
}
