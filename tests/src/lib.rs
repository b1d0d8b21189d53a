//! What the tests of this workspace share: real servers, and paths to them that fail on command.
//!
//! Everything panics where it can't do what it was asked: nobody is there to handle an error.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cluster;
mod proxy;
mod redis_server;
mod sentinel;
mod source;
mod tiers;
mod tls;
mod wire;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use cluster::RedisCluster;
pub use proxy::Proxy;
pub use redis_server::RedisServer;
pub use sentinel::RedisSentinel;
pub use source::{Down, Held, Source};
pub use tiers::{Tiers, on_all_tiers};
pub use tls::TlsServer;

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

/// Waits until `condition` holds, and answers whether it does within `limit`.
pub fn holds_within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if condition() {
            return true;
        }
        sleep(Duration::from_millis(10));
    }
    condition()
}

/// Polls `future` once, and wakes nobody.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
