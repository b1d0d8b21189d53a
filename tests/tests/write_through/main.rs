//! Functions that write through: what they leave in the cache, and what they must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

mod attribute;
mod contention;
mod ends;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use cache_runtime::{Cache, cached, write_through};
use cache_tests::Source;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_mins(1);

#[cached(key = "version:<id>", ttl = 3600)]
async fn version(source: Source, id: u64) -> u64 {
    source.load().await
}

#[write_through(entry = version(id))]
async fn update(source: &Source, id: u64) -> Result<u64, String> {
    Ok(source.update())
}

#[write_through(entry = version(id))]
async fn fails(source: &Source, id: u64) -> Result<u64, String> {
    source.update();
    Err("after its commit".to_owned())
}

/// Commits when `steps` lets it, and returns when it does so again.
#[write_through(entry = version(id))]
async fn step_by_step(source: Source, id: u64, steps: Steps) -> Result<u64, String> {
    steps.stop().await;
    let version = source.update();
    steps.stop().await;
    Ok(version)
}

/// Where a write stops, and a test lets it go on.
#[derive(Clone)]
struct Steps {
    reached: Arc<Semaphore>,
    passes: Arc<Semaphore>,
}

impl Steps {
    fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { reached: closed(), passes: closed() }
    }

    async fn stop(&self) {
        self.reached.add_permits(1);
        self.passes.acquire().await.unwrap().forget();
    }

    /// Waits until the write has come to its next stop.
    async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    fn go_on(&self) {
        self.passes.add_permits(1);
    }

    /// Lets it commit, and waits until it has.
    async fn commit(&self) {
        self.go_on();
        self.reached().await;
    }
}

/// A write in a task of its own, which stands before its commit, under its barrier.
async fn writing(cache: &Cache, source: &Source) -> (JoinHandle<Result<u64, String>>, Steps) {
    let steps = Steps::new();
    let (cache, source, to) = (cache.clone(), source.clone(), steps.clone());
    let write = tokio::spawn(async move { cache.scope(step_by_step(source, 1, to)).await });
    steps.reached().await;
    (write, steps)
}
