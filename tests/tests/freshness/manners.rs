//! `bypass`, `refreshing`, `when` and `unless`.

use std::time::Duration;

use cache_runtime::testing::Probe;
use cache_runtime::{Cache, bypass, cached, refreshing};
use cache_tests::{Source, eventually, on_all_tiers};

#[cached(key = "plain:<id>", ttl = 60)]
async fn plain(source: Source, id: u64) -> u64 {
    source.load().await
}

#[cached(key = "outer:<id>", ttl = 60)]
async fn outer(source: Source, id: u64) -> u64 {
    plain(source, id).await
}

#[cached(key = "guarded:<id>", ttl = 60, when = id < 10, unless = *value > limit)]
async fn guarded(source: Source, id: u64, limit: u64) -> u64 {
    source.load().await
}

#[tokio::test]
async fn a_bypass_neither_reads_nor_stores() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(bypass(plain(source.clone(), 1)).await, 1);
        tiers.landed().await;
        assert_eq!((tiers.cache.local_len(), tiers.cells.keys().len()), (0, 0));
        plain(source.clone(), 1).await;
        tiers.landed().await;
        source.update();
        assert_eq!(bypass(plain(source.clone(), 1)).await, 2);
        assert_eq!(plain(source.clone(), 1).await, 1);
        assert_eq!((plain::stats().bypasses, plain::stats().hits), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn refreshing_loads_and_stores() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        plain(source.clone(), 1).await;
        tiers.landed().await;
        source.update();
        assert_eq!(refreshing(plain(source.clone(), 1)).await, 2);
        tiers.landed().await;
        assert_eq!((plain(source.clone(), 1).await, source.loads()), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn both_reach_what_a_cached_function_calls() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        outer(source.clone(), 1).await;
        tiers.landed().await;
        source.update();
        assert_eq!(bypass(outer(source.clone(), 1)).await, 2);
        assert_eq!(outer(source.clone(), 1).await, 1);
        assert_eq!(refreshing(outer(source.clone(), 1)).await, 2);
        tiers.landed().await;
        assert_eq!(plain(source.clone(), 1).await, 2, "the inner one was refreshed too");
    })
    .await;
}

#[tokio::test]
async fn the_inner_manner_counts_and_ends_with_its_future() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        bypass(async {
            refreshing(plain(source.clone(), 1)).await;
            tiers.landed().await;
            source.update();
            assert_eq!(plain(source.clone(), 1).await, 2, "past the cache");
        })
        .await;
        assert_eq!(plain(source.clone(), 1).await, 1, "what the inner one has stored");
    })
    .await;
}

/// Calls a cached function once its own load has ended.
#[cached(key = "late:<id>", ttl = 60)]
async fn late(source: Source, id: u64) -> u64 {
    source.load().await;
    plain(source, id).await
}

#[tokio::test]
async fn a_load_that_outlives_its_caller_keeps_its_manner() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        plain(source.clone(), 1).await;
        tiers.landed().await;
        source.update();
        let held = source.hold();
        let (cache, slow) = (tiers.cache.clone(), source.clone());
        let reading =
            tokio::spawn(async move { Cache::scope(&cache, refreshing(late(slow, 1))).await });
        source.entered(2).await;
        reading.abort();
        drop(held);
        tiers.landed().await;
        assert_eq!((late(source.clone(), 1).await, source.loads()), (2, 3));
    })
    .await;
}

#[tokio::test]
async fn when_it_is_false_the_function_is_called_past_the_cache() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        for loads in 1..=2 {
            guarded(source.clone(), 10, 5).await;
            tiers.landed().await;
            assert_eq!(source.loads(), loads);
        }
        assert_eq!(guarded::stats().bypasses, 2);
        guarded::refresh(source.clone(), 10, 5).await;
        assert_eq!((tiers.cache.local_len(), tiers.cells.keys().len()), (0, 0));
        guarded(source.clone(), 9, 5).await;
        tiers.landed().await;
        guarded(source.clone(), 9, 5).await;
        assert_eq!(source.loads(), 4);
    })
    .await;
}

#[cached(key = "small:<id>", ttl = 10, stale = 20, unless = *value > 1)]
async fn small(source: Source, id: u64) -> u64 {
    source.load().await
}

#[tokio::test]
async fn a_value_that_is_not_to_be_stored_ends_the_stale_one() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        small(source.clone(), 1).await;
        tiers.landed().await;
        tiers.clock.advance(Duration::from_secs(12));
        source.update();
        assert_eq!(small(source.clone(), 1).await, 1);
        for loads in 3..=4 {
            tiers.landed().await;
            assert_eq!((small(source.clone(), 1).await, source.loads()), (2, loads));
        }
        assert_eq!(small::entry(&1).peek().await, None);
    })
    .await;
}

#[tokio::test]
async fn unless_sees_the_value_and_the_arguments() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        for limit in [0, 1] {
            guarded(source.clone(), limit, limit).await;
            tiers.landed().await;
            guarded(source.clone(), limit, limit).await;
            tiers.landed().await;
        }
        assert_eq!(source.loads(), 3, "version 1 is more than 0, and not more than 1");
        assert_eq!(guarded::stats().discarded, 0, "what is not to be stored is not discarded");
        eventually(Duration::from_secs(5), async || tiers.leases().is_empty()).await;
    })
    .await;
}
