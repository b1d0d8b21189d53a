//! The Redis tier on real servers, through what happens to servers and to the paths that lead to
//! them.
#![allow(clippy::unwrap_used, missing_docs)]

mod cells;
mod cluster;
mod coherence;
mod feed;
mod outage;
mod runtimes;
mod sentinel;
mod setup;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use cache_runtime::{ErrorKind, Redis, RemoteBackend, Result};
use tokio::time::timeout;

/// What one call may take: the cache's default.
const BUDGET: Duration = Duration::from_millis(250);

/// How soon it is to serve again once the server is back.
const RECOVERY: Duration = Duration::from_secs(2);

const TTL: Duration = Duration::from_mins(1);

fn lease() -> Bytes {
    Bytes::from_static(b"\xC1L0123456789abcdef")
}

fn value() -> Bytes {
    Bytes::from_static(b"\xC1V\x01\x10fill-id.and the rest \0\xff\r\n")
}

/// Asks as the cache does, with a limit.
async fn get(redis: &Redis) -> Result<Option<Bytes>, Option<ErrorKind>> {
    match timeout(BUDGET, redis.get("key")).await {
        Ok(answer) => answer.map_err(|error| Some(error.kind())),
        Err(_) => Err(None),
    }
}

async fn serves(redis: &Redis) -> bool {
    get(redis).await.is_ok()
}

async fn fails_at_once(redis: &Redis) -> bool {
    get(redis).await == Err(Some(ErrorKind::Unavailable))
}
