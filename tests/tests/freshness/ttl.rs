//! The forms of a ttl.

use std::time::Duration;

use cache_runtime::cached;
use cache_tests::{Source, on_all_tiers};

/// Lives for as many seconds as its version says.
#[cached(key = "by_value:<id>", ttl = |version| Duration::from_secs(*version))]
async fn by_value(source: Source, id: u64) -> u64 {
    source.load().await
}

#[cached(key = "forever:<id>", ttl = "forever")]
async fn forever(source: Source, id: u64) -> u64 {
    source.load().await
}

#[tokio::test]
async fn each_value_has_its_own() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let read = async || {
            tiers.landed().await;
            let read = by_value(source.clone(), 1).await;
            tiers.landed().await;
            (read, source.loads())
        };
        assert_eq!(read().await, (1, 1));
        tiers.clock.advance(Duration::from_millis(999));
        assert_eq!(read().await, (1, 1));
        while source.update() < 30 {}
        tiers.clock.advance(Duration::from_millis(1));
        assert_eq!(read().await, (30, 2));
        tiers.clock.advance(Duration::from_millis(29_999));
        assert_eq!(read().await, (30, 2));
        tiers.clock.advance(Duration::from_millis(1));
        assert_eq!(read().await, (30, 3));
    })
    .await;
}

#[tokio::test]
async fn what_is_put_lives_by_its_value_too() {
    on_all_tiers(async |tiers| {
        by_value::entry(&1).put(2).await.unwrap();
        tiers.landed().await;
        tiers.clock.advance(Duration::from_millis(1_999));
        assert_eq!(by_value::entry(&1).peek().await, Some(2));
        tiers.clock.advance(Duration::from_millis(1));
        assert_eq!(by_value::entry(&1).peek().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_value_that_lives_for_no_time_is_not_stored() {
    on_all_tiers(async |tiers| {
        by_value::entry(&1).put(5).await.unwrap();
        by_value::entry(&1).put(0).await.unwrap();
        tiers.landed().await;
        assert_eq!(by_value::entry(&1).peek().await, None, "nor is what was there before");
    })
    .await;
}

#[tokio::test]
async fn for_ever_is_longer_than_a_lifetime() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        forever(source.clone(), 1).await;
        tiers.landed().await;
        tiers.clock.advance(Duration::from_hours(24 * 365 * 90));
        assert_eq!((forever(source.clone(), 1).await, source.loads()), (1, 1));
        forever::entry(&1).invalidate().await.unwrap();
        source.update();
        assert_eq!(forever(source.clone(), 1).await, 2);
    })
    .await;
}
