//! What was filled together does not expire together.

use std::time::Duration;

use cache_runtime::cached;
use cache_tests::{Source, Tiers};

#[cached(key = "spread:<id>", ttl = 100, jitter = 0.2)]
async fn spread(source: Source, id: u64) -> u64 {
    source.load().await
}

#[cached(key = "level:<id>", ttl = 100)]
async fn level(source: Source, id: u64) -> u64 {
    source.load().await
}

/// How many of a thousand entries of one moment are left after each second of the last thirty.
async fn left(tiers: &Tiers, peek: impl AsyncFn(u64) -> bool) -> Vec<u32> {
    tiers.clock.advance(Duration::from_secs(70));
    let mut left = Vec::new();
    for _ in 0..30 {
        tiers.clock.advance(Duration::from_secs(1));
        let mut count = 0;
        for id in 0..1000 {
            count += u32::from(peek(id).await);
        }
        left.push(count);
    }
    left
}

#[tokio::test]
async fn a_thousand_keys_expire_spread_over_the_jitter_and_never_later_than_the_ttl() {
    for name in ["local", "remote"] {
        let tiers = Tiers::new(name);
        let source = Source::new();
        tiers
            .cache
            .scope(async {
                for id in 0..1000 {
                    spread(source.clone(), id).await;
                }
                let left = left(&tiers, async |id| spread::entry(&id).peek().await.is_some()).await;
                assert_eq!((left[8], left[29]), (1000, 0), "after 79 and 100 seconds: {left:?}");
                assert!((400..600).contains(&left[19]), "after 90 seconds, half: {left:?}");
                let most = left.windows(2).map(|pair| pair[0] - pair[1]).max().unwrap();
                assert!(most < 100, "no second ends more than a tenth: {left:?}");
            })
            .await;
    }
}

#[tokio::test]
async fn the_caches_jitter_is_of_functions_that_name_none() {
    for (fraction, at_ninety) in [(0.0, 1000..=1000), (0.9, 50..=200)] {
        let tiers = Tiers::built("local", |builder| builder.jitter(fraction));
        let source = Source::new();
        tiers
            .cache
            .scope(async {
                for id in 0..1000 {
                    level(source.clone(), id).await;
                }
                let left = left(&tiers, async |id| level::entry(&id).peek().await.is_some()).await;
                assert!(at_ninety.contains(&left[19]), "{fraction}: {left:?}");
                assert_eq!(left[29], 0);
            })
            .await;
    }
}
