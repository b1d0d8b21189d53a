//! `multi-tier-cache`: keeps bytes, so nothing can be shared.

use std::sync::Arc;

use ::multi_tier_cache::error::CacheError;
use ::multi_tier_cache::{
    CacheManager, CacheStrategy, CacheTier, MokaCache, MokaCacheConfig, RedisCache,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contender::{Contender, failed};
use crate::hit::{Case, Returns};
use crate::peers::redis::url;
use crate::stampede::slow;
use crate::workload::{LoadError, User, Value};

const NAME: &str = "multi-tier-cache on moka, typed";

/// Its moka tier.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    match returns {
        Returns::Number => vec![typed::<u64>(n)],
        Returns::Owned => vec![typed::<User>(n)],
        Returns::Shared => Vec::new(),
    }
}

#[expect(clippy::expect_used, reason = "a moka tier asks for nothing that could fail")]
fn typed<V: Value + Serialize + DeserializeOwned>(n: u64) -> Case {
    let manager = memory().expect("memory alone");
    Case::annotated(NAME, n, async move |id| {
        let load = || async move { Ok::<_, CacheError>(V::load(id)) };
        let key = format!("user:{id}");
        manager.get_or_compute_typed(&key, CacheStrategy::MediumTerm, load).await
    })
}

fn memory() -> Result<Arc<CacheManager>, LoadError> {
    manager(vec![moka(1)?])
}

fn moka(level: usize) -> Result<CacheTier, LoadError> {
    let config = MokaCacheConfig { max_capacity: 200_000, ..Default::default() };
    let cache = Arc::new(MokaCache::new(config).map_err(failed)?);
    Ok(CacheTier::new(cache, level, false, 1, 1.0))
}

async fn redis(level: usize) -> Result<CacheTier, LoadError> {
    let cache = Arc::new(RedisCache::with_url(url()).await.map_err(failed)?);
    Ok(CacheTier::new(cache, level, level > 1, 1, 1.0))
}

fn manager(tiers: Vec<CacheTier>) -> Result<Arc<CacheManager>, LoadError> {
    CacheManager::new_with_tiers(tiers, None).map(Arc::new).map_err(failed)
}

/// Its Redis tier alone.
pub async fn redis_clients() -> Result<Vec<Contender>, LoadError> {
    let manager = manager(vec![redis(1).await?])?;
    Ok(vec![Contender::new("multi-tier-cache, Redis tier alone", move |id| {
        let manager = Arc::clone(&manager);
        async move {
            let load = || async move { Ok::<_, CacheError>(User::load(id)) };
            let key = format!("user:{id}");
            manager.get_or_compute_typed(&key, CacheStrategy::MediumTerm, load).await
        }
    })])
}

/// Its moka tier.
pub fn stampedes() -> Result<Vec<Contender>, LoadError> {
    Ok(vec![slow_typed("multi-tier-cache", memory()?)])
}

/// Both tiers.
pub async fn fleet_stampedes() -> Result<Vec<Contender>, LoadError> {
    let manager = manager(vec![moka(1)?, redis(2).await?])?;
    Ok(vec![slow_typed("multi-tier-cache, moka and Redis", manager)])
}

fn slow_typed(name: &'static str, manager: Arc<CacheManager>) -> Contender {
    Contender::new(name, move |id| {
        let manager = Arc::clone(&manager);
        async move {
            let load = || async move { slow(id).await.map_err(|error| error_of(&error)) };
            let key = format!("slow:{id}");
            manager.get_or_compute_typed(&key, CacheStrategy::MediumTerm, load).await
        }
    })
}

fn error_of(error: &LoadError) -> CacheError {
    CacheError::InternalError(error.to_string())
}
