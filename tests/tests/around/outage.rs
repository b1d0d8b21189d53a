//! Barriers while the remote tier is out of reach, or forgets them.

use std::time::Duration;

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{ErrorKind, Key};
use cache_tests::{Source, Tiers};

use super::{LONG, is_cached, update, version, writing};

const UNAVAILABLE: Fault = Fault::Fail(ErrorKind::Unavailable);

/// How often a write went without its barrier.
fn missed(tiers: &Tiers) -> u64 {
    tiers.cache.stats().barriers_missed
}

async fn read(tiers: &Tiers, source: &Source) -> u64 {
    tiers.cache.scope(version(source.clone(), 1)).await
}

#[tokio::test]
async fn without_the_remote_tier_the_body_runs_and_what_it_owes_is_told_later() {
    for name in ["remote", "both"] {
        let tiers = Tiers::new(name);
        let source = Source::new();
        assert_eq!(read(&tiers, &source).await, 1);
        tiers.remote.on_all(UNAVAILABLE);
        assert_eq!(tiers.cache.scope(update(&source, 1)).await, Ok(2));
        assert_eq!(missed(&tiers), 1);
        assert_eq!(read(&tiers, &source).await, 2, "on {name}");
        assert!(tiers.cells.cell("test:version:1").is_some(), "the old value is still there");
        tiers.remote.heal();
        tiers.cache.shutdown(LONG).await.unwrap();
        assert_eq!(tiers.cells.cell("test:version:1"), None);
        assert_eq!(tiers.cache.scope(update(&source, 1)).await, Ok(3));
        assert_eq!(missed(&tiers), 1, "the next one has its barrier");
        assert_eq!(read(&tiers, &source).await, 3);
    }
}

#[tokio::test]
async fn reads_store_nothing_here_while_a_body_without_a_barrier_there_runs() {
    let tiers = Tiers::new("both");
    let source = Source::new();
    tiers.remote.once(Method::Enter, UNAVAILABLE);
    let (write, steps) = writing(&tiers.cache, &source).await;
    assert!(!tiers.cache.scope(is_cached(&source)).await);
    steps.go_on();
    steps.go_on();
    write.await.unwrap().unwrap();
    assert_eq!(read(&tiers, &source).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_barrier_whose_answer_was_lost_is_taken_down_in_the_end() {
    let tiers = Tiers::new("remote");
    tiers.remote.once(Method::Enter, Fault::LoseReply);
    let (write, steps) = writing(&tiers.cache, &Source::new()).await;
    assert_eq!(missed(&tiers), 1);
    assert_eq!(tiers.barriers(), ["test:version:1"], "it came through");
    steps.go_on();
    steps.go_on();
    write.await.unwrap().unwrap();
    assert_eq!(tiers.barriers(), [""; 0]);
}

#[tokio::test]
async fn a_barrier_that_could_not_be_taken_down_is_as_soon_as_it_can_be() {
    let tiers = Tiers::new("remote");
    let source = Source::new();
    tiers.remote.on(Method::Leave, UNAVAILABLE);
    assert_eq!(tiers.cache.scope(update(&source, 1)).await, Ok(2));
    // Another invalidation of the key is owed: it would pass the barrier over.
    tiers.remote.once(Method::Invalidate, UNAVAILABLE);
    tiers.cache.invalidate(&Key::from("version:1")).await.unwrap_err();
    tiers.remote.called(Method::Leave, 2).await;
    assert_eq!(tiers.barriers(), ["test:version:1"]);
    assert!(tiers.cache.shutdown(Duration::ZERO).await.is_err(), "it is owed");
    tiers.remote.heal();
    tiers.cache.shutdown(LONG).await.unwrap();
    assert_eq!(tiers.barriers(), [""; 0], "before its hold has passed");
    assert!(tiers.cache.scope(is_cached(&source)).await);
}

#[tokio::test]
async fn a_key_that_owes_an_invalidation_is_written_without_a_barrier() {
    let tiers = Tiers::new("remote");
    tiers.remote.on(Method::Invalidate, UNAVAILABLE);
    tiers.cache.invalidate(&Key::from("version:1")).await.unwrap_err();
    tiers.cache.scope(update(&Source::new(), 1)).await.unwrap();
    assert!(!tiers.remote.methods().contains(&Method::Enter));
    assert_eq!(missed(&tiers), 1);
}

#[tokio::test(start_paused = true)]
async fn a_barrier_that_is_lost_while_the_body_runs_is_counted() {
    let tiers = Tiers::new("remote");
    let source = Source::new();
    let (write, steps) = writing(&tiers.cache, &source).await;
    tiers.cells.delete("test:version:1");
    tiers.remote.called(Method::Stay, 1).await;
    tokio::task::yield_now().await;
    assert_eq!(missed(&tiers), 1);
    assert!(!tiers.cache.scope(is_cached(&source)).await, "here it is still up");
    // Another process has cached the old value meanwhile.
    tiers.elsewhere().scope(version(source.clone(), 1)).await;
    steps.go_on();
    steps.go_on();
    write.await.unwrap().unwrap();
    assert_eq!(tiers.cells.cell("test:version:1"), None);
    assert_eq!(read(&tiers, &source).await, 2);
}
