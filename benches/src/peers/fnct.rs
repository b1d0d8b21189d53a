//! `fnct`: no macro, no local tier; `postcard` over Redis.

use std::sync::Arc;
use std::time::Duration;

use ::fnct::AsyncCache;
use ::fnct::backend::AsyncRedisBackend;
use ::fnct::format::PostcardFormatter;
use redis_026::aio::MultiplexedConnection;

use crate::contender::{Contender, failed};
use crate::peers::redis::url;
use crate::stampede::slow;
use crate::workload::{LoadError, User, Value};

type Cache = Arc<AsyncCache<AsyncRedisBackend<MultiplexedConnection>, PostcardFormatter>>;

async fn cache(prefix: &str) -> Result<Cache, LoadError> {
    let client = redis_026::Client::open(url()).map_err(failed)?;
    let connection = client.get_multiplexed_async_connection().await.map_err(failed)?;
    let backend = AsyncRedisBackend::new(connection, prefix.to_owned());
    Ok(Arc::new(AsyncCache::new(backend, PostcardFormatter, Duration::from_hours(1))))
}

/// By its `cached_result`.
pub async fn redis_clients() -> Result<Vec<Contender>, LoadError> {
    let cache = cache("fnct").await?;
    Ok(vec![Contender::new("fnct, postcard", move |id| {
        let cache = Arc::clone(&cache);
        async move {
            let load = || async move { User::try_load(id) };
            cache.cached_result(("user", id), &[], None, load).await.map_err(failed)?
        }
    })])
}

/// By its `cached_result`.
pub async fn fleet_stampedes() -> Result<Vec<Contender>, LoadError> {
    let cache = cache("fnct-slow").await?;
    Ok(vec![Contender::new("fnct", move |id| {
        let cache = Arc::clone(&cache);
        async move {
            let load = || slow(id);
            cache.cached_result(("slow", id), &[], None, load).await.map_err(failed)?
        }
    })])
}
