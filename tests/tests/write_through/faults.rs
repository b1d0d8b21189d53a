//! A remote tier that fails on the way.

use std::time::Duration;

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{Cache, ErrorKind, Redis};
use cache_tests::{RedisServer, Source, Tiers, eventually};

use super::{LONG, update, version, writing};

/// What another process reads, and how many loads that took.
async fn read_elsewhere(tiers: &Tiers, source: &Source) -> (u64, u64) {
    let before = source.loads();
    let read = tiers.elsewhere().scope(version(source.clone(), 1)).await;
    (read, source.loads() - before)
}

#[tokio::test]
async fn without_its_barrier_a_write_stores_nothing() {
    for fault in [Fault::Fail(ErrorKind::Unavailable), Fault::LoseReply] {
        let tiers = Tiers::built("both", |it| it.remote_budget(Duration::from_millis(50)));
        let source = Source::new();
        tiers.remote.once(Method::Enter, fault);
        assert_eq!(tiers.cache.scope(update(&source, 1)).await, Ok(2));
        assert_eq!(tiers.cache.stats().barriers_missed, 1);
        assert!(!tiers.remote.methods().contains(&Method::LeaveFilled), "{fault:?}");
        assert_eq!(tiers.barriers(), [""; 0]);
        assert_eq!(read_elsewhere(&tiers, &source).await, (2, 1));
    }
}

/// A request to enter that comes late finds what others have written since.
#[tokio::test]
async fn a_barrier_that_comes_late_gives_no_right_to_store() {
    let tiers = Tiers::built("remote", |it| it.remote_budget(Duration::from_millis(50)));
    let (source, elsewhere) = (Source::new(), tiers.elsewhere());
    tiers.remote.once(Method::Enter, Fault::Hang);
    let (write, steps) = writing(&tiers.cache, &source).await;
    steps.commit().await;
    elsewhere.scope(update(&source, 1)).await.unwrap();
    tiers.remote.heal();
    steps.go_on();
    assert_eq!(write.await.unwrap(), Ok(2));
    assert_eq!(read_elsewhere(&tiers, &source).await.0, 3);
}

#[tokio::test]
async fn a_fill_whose_answer_was_lost_is_removed() {
    for fault in [Fault::Fail(ErrorKind::Unavailable), Fault::LoseReply] {
        let tiers = Tiers::built("both", |it| it.remote_budget(Duration::from_millis(50)));
        let source = Source::new();
        tiers.remote.once(Method::LeaveFilled, fault);
        assert_eq!(tiers.cache.scope(update(&source, 1)).await, Ok(2));
        tiers.cache.shutdown(LONG).await.unwrap();
        assert!(tiers.cells.keys().is_empty(), "{fault:?}");
        assert_eq!(tiers.cache.scope(version(source.clone(), 1)).await, 2);
    }
}

#[tokio::test]
async fn a_value_that_is_too_large_is_not_stored_and_no_older_one_stays() {
    let tiers = Tiers::built("both", |it| it.max_value_bytes(0));
    let source = Source::new();
    tiers.cache.scope(update(&source, 1)).await.unwrap();
    assert!(tiers.cells.keys().is_empty());
    assert_eq!(tiers.remote.methods(), [Method::Enter, Method::Leave]);
}

#[tokio::test]
async fn a_server_that_is_full_meanwhile_forgets_the_barrier_and_stores_nothing() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let cache = Cache::builder().namespace("shop").no_local().remote(redis).build();
    let source = Source::new();
    let (write, steps) = writing(&cache, &source).await;
    assert_eq!(server.cli(&["EXISTS", "shop:version:1"]), "1", "its barrier");
    steps.commit().await;
    server.set_max_memory(1);
    steps.go_on();
    assert_eq!(write.await.unwrap(), Ok(2));
    assert_eq!(server.cli(&["EXISTS", "shop:version:1"]), "0");
    server.set_max_memory(0);
    cache.scope(update(&source, 1)).await.unwrap();
    assert_eq!(cache.scope(version(source.clone(), 1)).await, 3);
    assert_eq!(source.loads(), 0, "there is room again");
}

#[tokio::test]
async fn without_a_server_the_write_is_made_and_the_key_forgotten_once_there_is_one() {
    let mut server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let cache = Cache::builder().namespace("shop").remote(redis).build();
    let source = Source::new();
    cache.scope(version(source.clone(), 1)).await;
    server.kill();
    assert_eq!(cache.scope(update(&source, 1)).await, Ok(2));
    assert_eq!(cache.scope(version(source.clone(), 1)).await, 2);
    server.restart();
    eventually(LONG, || async { cache.shutdown(Duration::from_millis(50)).await.is_ok() }).await;
    assert_eq!(cache.scope(version(source.clone(), 1)).await, 2);
}
