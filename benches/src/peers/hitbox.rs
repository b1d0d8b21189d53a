//! `hitbox`: keeps bytes, so nothing can be shared.

use std::time::Duration;

use ::hitbox::concurrency::BroadcastConcurrencyManager;
use ::hitbox::offload::OffloadManager;
use ::hitbox::policy::{ConcurrencyLimit, PolicyConfigBuilder, StalePolicy};
use hitbox_fn::prelude::*;
use hitbox_moka::MokaBackend;
use hitbox_redis::{ConnectionMode, RedisBackend};

use crate::contender::{Contender, failed};
use crate::expiry::origin::load;
use crate::expiry::{Case as Expiry, STALE, ttl};
use crate::hit::{Case, Returns};
use crate::peers::redis::url;
use crate::stampede::slow;
use crate::workload::{LoadError, User, Value};

#[cached(prefix = "number")]
async fn number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cached(prefix = "user")]
async fn owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

#[cached(prefix = "slow")]
async fn slow_user(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

fn policy() -> PolicyConfigBuilder {
    PolicyConfig::builder().ttl(Duration::from_hours(1))
}

/// One load a key.
fn one_at_a_time() -> PolicyConfig {
    policy().concurrency(ConcurrencyLimit::MIN).build()
}

fn memory() -> MokaBackend {
    MokaBackend::builder().max_entries(200_000).build()
}

fn remote() -> Result<RedisBackend, LoadError> {
    let connection = ConnectionMode::single(url());
    RedisBackend::builder().connection(connection).build().map_err(failed)
}

const NAME: &str = "hitbox on moka, JSON (its default)";

/// With its default format.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    // Its calls want a cache that outlives them.
    let cache: &'static _ =
        Box::leak(Box::new(Cache::builder().backend(memory()).policy(policy().build()).build()));
    match returns {
        Returns::Number => {
            vec![Case::annotated(NAME, n, async move |id| number(id).cache(cache).await)]
        }
        Returns::Owned => {
            vec![Case::annotated(NAME, n, async move |id| owned(id).cache(cache).await)]
        }
        Returns::Shared => Vec::new(),
    }
}

/// With its default format.
pub fn redis_clients() -> Result<Vec<Contender>, LoadError> {
    let cache: &'static _ =
        Box::leak(Box::new(Cache::builder().backend(remote()?).policy(policy().build()).build()));
    let get = move |id| async move { owned(id).cache(cache).await };
    Ok(vec![Contender::new("hitbox-redis, bincode (its default)", get)])
}

/// Its default, and the manager that lets one call load for all.
pub fn stampedes() -> Vec<Contender> {
    let plain: &'static _ =
        Box::leak(Box::new(Cache::builder().backend(memory()).policy(policy().build()).build()));
    let broadcast: &'static _ = Box::leak(Box::new(
        Cache::builder()
            .backend(memory())
            .policy(one_at_a_time())
            .concurrency_manager(BroadcastConcurrencyManager::<Result<User, LoadError>>::new())
            .build(),
    ));
    vec![
        Contender::new("hitbox", move |id| async move { slow_user(id).cache(plain).await }),
        Contender::new("hitbox, Broadcast", move |id| async move {
            slow_user(id).cache(broadcast).await
        }),
    ]
}

/// The same manager over Redis.
pub fn fleet_stampedes() -> Result<Vec<Contender>, LoadError> {
    let cache: &'static _ = Box::leak(Box::new(
        Cache::builder()
            .backend(remote()?)
            .policy(one_at_a_time())
            .concurrency_manager(BroadcastConcurrencyManager::<Result<User, LoadError>>::new())
            .build(),
    ));
    let get = move |id| async move { slow_user(id).cache(cache).await };
    Ok(vec![Contender::new("hitbox-redis, Broadcast", get)])
}

#[cached(prefix = "hot")]
async fn hot_user(id: u64) -> Result<User, LoadError> {
    load(id).await
}

const HIT: &str = "hitbox, an hour";

/// What it serves past `stale` until its ttl, and has its offload manager replace.
pub fn expiries() -> Vec<Expiry> {
    let policy = PolicyConfig::builder()
        .stale(ttl())
        .ttl(ttl() + STALE)
        .stale_policy(StalePolicy::OffloadRevalidate)
        .concurrency(ConcurrencyLimit::MIN)
        .build();
    vec![
        Expiry::control(hot(HIT, one_at_a_time())),
        Expiry::new(hot("hitbox, StalePolicy::OffloadRevalidate", policy), HIT),
    ]
}

fn hot(name: &'static str, policy: PolicyConfig) -> Contender {
    let cache: &'static _ = Box::leak(Box::new(
        Cache::builder()
            .backend(memory())
            .policy(policy)
            .concurrency_manager(BroadcastConcurrencyManager::<Result<User, LoadError>>::new())
            .offload(OffloadManager::with_defaults())
            .build(),
    ));
    Contender::new(name, move |id| async move { hot_user(id).cache(cache).await })
}
