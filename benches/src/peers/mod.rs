//! This cache and its peers, a module each.

use crate::contender::Contender;
use crate::expiry::Case as Expiry;
use crate::hit::{Case, Returns};
use crate::workload::LoadError;

#[cfg(feature = "peers")]
pub mod cached;
#[cfg(feature = "peers")]
pub mod cachelito;
pub mod floor;
#[cfg(feature = "peers")]
pub mod fnct;
#[cfg(feature = "peers")]
pub mod fred;
#[cfg(feature = "peers")]
pub mod hitbox;
pub mod moka;
#[cfg(feature = "peers")]
pub mod multi_tier_cache;
pub mod ours;
#[cfg(feature = "peers")]
pub mod oxcache;
pub mod quick_cache;
pub mod redis;

/// Who serves hits in the process, filled with `n` values.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    let mut cases = floor::hits(returns, n);
    cases.extend(moka::hits(returns, n));
    cases.extend(ours::hits(returns, n));
    cases.extend(quick_cache::hits(returns, n));
    #[cfg(feature = "peers")]
    {
        cases.extend(cached::hits(returns, n));
        cases.extend(cachelito::hits(returns, n));
        cases.extend(hitbox::hits(returns, n));
        cases.extend(multi_tier_cache::hits(returns, n));
        cases.extend(oxcache::hits(returns, n));
    }
    cases
}

/// Who reads from Redis, where `n` values lie for those that don't fill it themselves.
pub async fn redis_clients(n: u64) -> Result<Vec<Contender>, LoadError> {
    let mut clients = redis::redis_clients(n).await?;
    clients.extend(ours::redis_clients());
    #[cfg(feature = "peers")]
    {
        clients.extend(cached::redis_clients());
        clients.extend(fnct::redis_clients().await?);
        clients.extend(fred::redis_clients().await?);
        clients.extend(hitbox::redis_clients()?);
        clients.extend(multi_tier_cache::redis_clients().await?);
    }
    Ok(clients)
}

/// Who guards a slow body in one process.
pub async fn stampedes() -> Result<Vec<Contender>, LoadError> {
    let mut guards = floor::stampedes();
    guards.extend(ours::stampedes());
    guards.extend(moka::stampedes());
    guards.extend(quick_cache::stampedes());
    #[cfg(feature = "peers")]
    {
        guards.extend(cached::stampedes());
        guards.extend(cachelito::stampedes());
        guards.extend(hitbox::stampedes());
        guards.extend(multi_tier_cache::stampedes()?);
        guards.extend(oxcache::stampedes().await);
    }
    Ok(guards)
}

/// Who guards a slow body in several processes, over Redis.
pub async fn fleet_stampedes() -> Result<Vec<Contender>, LoadError> {
    #[cfg_attr(not(feature = "peers"), expect(unused_mut, reason = "peers are added"))]
    let mut guards = ours::fleet_stampedes();
    #[cfg(feature = "peers")]
    {
        guards.extend(cached::fleet_stampedes());
        guards.extend(fnct::fleet_stampedes().await?);
        guards.extend(hitbox::fleet_stampedes()?);
        guards.extend(multi_tier_cache::fleet_stampedes().await?);
    }
    Ok(guards)
}

/// Who reads a hot key across its expiries, each with the best it has against waiting; and those
/// whose reads are all hits.
pub fn expiries() -> Vec<Expiry> {
    let mut cases = floor::expiries();
    cases.extend(ours::expiries());
    cases.extend(moka::expiries());
    #[cfg(feature = "peers")]
    {
        cases.extend(cached::expiries());
        cases.extend(hitbox::expiries());
    }
    cases
}
