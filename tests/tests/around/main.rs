//! Barriers around writes, and invalidations that wait for the end of a transaction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

mod barriers;
mod deferred;
mod ends;
mod outage;
mod processes;

use std::sync::Arc;
use std::time::Duration;

use cache_runtime::{Cache, cached, invalidates};
use cache_tests::{Source, eventually};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The default hold of a barrier.
const HOLD: Duration = Duration::from_secs(10);

const LONG: Duration = Duration::from_mins(1);

#[cached(key = "version:<id>", ttl = 3600)]
async fn version(source: Source, id: u64) -> u64 {
    source.load().await
}

#[invalidates(key = "version:<id>", at = "around")]
async fn update(source: &Source, id: u64) -> Result<u64, String> {
    Ok(source.update())
}

#[invalidates(key = "version:<id>", at = "around")]
async fn fails(id: u64) -> Result<(), String> {
    Err(format!("nobody knows {id}"))
}

/// Commits when `steps` lets it, and returns when it does so again.
#[invalidates(key = "version:<id>", at = "around")]
async fn step_by_step(source: Source, id: u64, steps: Steps) -> Result<u64, String> {
    steps.reached.add_permits(1);
    steps.pass().await;
    let version = source.update();
    steps.reached.add_permits(1);
    steps.pass().await;
    assert!(!steps.panics, "after its commit");
    Ok(version)
}

/// Where a write stops, and a test lets it go on.
#[derive(Clone)]
struct Steps {
    reached: Arc<Semaphore>,
    passes: Arc<Semaphore>,
    panics: bool,
}

impl Steps {
    fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { reached: closed(), passes: closed(), panics: false }
    }

    async fn pass(&self) {
        self.passes.acquire().await.unwrap().forget();
    }

    /// Waits until the write has come to its next stop.
    async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    fn go_on(&self) {
        self.passes.add_permits(1);
    }
}

/// A write in a task of its own, which stands before its commit, under its barrier.
async fn writing(cache: &Cache, source: &Source) -> (JoinHandle<Result<u64, String>>, Steps) {
    let steps = Steps::new();
    (writing_as(cache, source, &steps).await, steps)
}

async fn writing_as(
    cache: &Cache,
    source: &Source,
    steps: &Steps,
) -> JoinHandle<Result<u64, String>> {
    let (cache, source, to) = (cache.clone(), source.clone(), steps.clone());
    let write = tokio::spawn(async move { cache.scope(step_by_step(source, 1, to)).await });
    steps.reached().await;
    write
}

/// Whether reads of key 1 in the current cache are stored.
async fn is_cached(source: &Source) -> bool {
    version(source.clone(), 1).await;
    let before = source.loads();
    version(source.clone(), 1).await;
    source.loads() == before
}

async fn until_cached(source: &Source) {
    eventually(LONG, || is_cached(source)).await;
}
