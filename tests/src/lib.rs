//! What the tests of this workspace share: real servers, and paths to them that fail on command.
//!
//! Everything panics where it can't do what it was asked: nobody is there to handle an error.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod proxy;
mod redis_server;
mod source;
mod tiers;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

pub use proxy::Proxy;
pub use redis_server::RedisServer;
pub use source::{Held, Source};
pub use tiers::{Tiers, on_all_tiers};

/// Polls `condition` until it holds, and answers how long that took.
///
/// # Panics
///
/// If it doesn't within `limit`.
pub async fn eventually<F: Future<Output = bool>>(
    limit: Duration,
    mut condition: impl FnMut() -> F,
) -> Duration {
    let begun = Instant::now();
    let polling = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let held = tokio::time::timeout(limit, polling).await;
    assert!(held.is_ok(), "the condition does not hold within {limit:?}");
    begun.elapsed()
}

/// Polls `future` once, and wakes nobody.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
