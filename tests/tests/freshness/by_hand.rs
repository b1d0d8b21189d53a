//! The same without an attribute: `get_or_load` and `get_or_load_detached`.

use std::time::Duration;

use cache_runtime::{Key, Policy};
use cache_tests::{Down, Source, Tiers, on_all_tiers};

const POLICY: Policy = Policy::new().ttl_secs(10).stale_secs(20);

async fn here(tiers: &Tiers, source: &Source) -> Result<u64, Down> {
    let source = source.clone();
    tiers.cache.get_or_load(Key::from("by:hand"), POLICY, async { source.try_load().await }).await
}

async fn there(tiers: &Tiers, source: &Source) -> Result<u64, Down> {
    let source = source.clone();
    let load = async move { source.try_load().await };
    tiers.cache.get_or_load_detached(Key::from("by:hand"), POLICY, load).await
}

/// A stale value of version 1 from a source at version 2.
async fn stale(tiers: &Tiers) -> Source {
    let source = Source::new();
    assert_eq!(here(tiers, &source).await, Ok(1));
    tiers.landed().await;
    tiers.clock.advance(Duration::from_secs(12));
    source.update();
    source
}

#[tokio::test]
async fn a_load_that_can_be_left_to_the_runtime_replaces_a_stale_value_there() {
    on_all_tiers(async |tiers| {
        let source = stale(&tiers).await;
        let held = source.hold();
        assert_eq!(there(&tiers, &source).await, Ok(1));
        source.entered(2).await;
        drop(held);
        tiers.landed().await;
        assert_eq!((there(&tiers, &source).await, source.loads()), (Ok(2), 2));
    })
    .await;
}

#[tokio::test]
async fn one_that_cannot_replaces_it_in_place() {
    on_all_tiers(async |tiers| {
        let source = stale(&tiers).await;
        assert_eq!((here(&tiers, &source).await, source.loads()), (Ok(2), 2));
        tiers.landed().await;
        assert_eq!((here(&tiers, &source).await, source.loads()), (Ok(2), 2));
    })
    .await;
}

#[tokio::test]
async fn one_that_cannot_and_fails_leaves_the_stale_value() {
    on_all_tiers(async |tiers| {
        let source = stale(&tiers).await;
        source.fail();
        assert_eq!((here(&tiers, &source).await, source.loads()), (Ok(1), 2));
        tiers.landed().await;
        assert_eq!((here(&tiers, &source).await, source.loads()), (Ok(1), 2), "throttled");
    })
    .await;
}

#[tokio::test]
async fn what_is_put_is_stale_after_its_ttl_too() {
    on_all_tiers(async |tiers| {
        let key = Key::from("by:hand");
        tiers.cache.put(&key, 7_u64, &POLICY).await.unwrap();
        tiers.landed().await;
        tiers.clock.advance(Duration::from_secs(12));
        let source = Source::new();
        assert_eq!(there(&tiers, &source).await, Ok(7));
        tiers.landed().await;
        assert_eq!(there(&tiers, &source).await, Ok(1));
    })
    .await;
}
