//! Refreshes by chance. How early they are on average is tested where the chance is calculated.

use std::time::Duration;

use cache_runtime::cached;
use cache_tests::{Source, Tiers, on_all_tiers};

const KEYS: u64 = 200;

/// What the load costs.
const COST: Duration = Duration::from_secs(1);

#[cached(key = "chance:<id>", ttl = 20, refresh = "xfetch")]
async fn chance(source: Source, id: u64, clock: cache_runtime::testing::FakeClock) -> u64 {
    clock.advance(COST);
    source.load().await
}

/// Loads all keys, and reads each once at this age. Answers how many were replaced.
async fn replaced(tiers: &Tiers, source: &Source, age: Duration) -> u64 {
    let read = async |id| {
        chance(source.clone(), id, tiers.clock.clone()).await;
        tiers.landed().await;
    };
    let mut replaced = 0;
    for id in 0..KEYS {
        read(id).await;
        tiers.clock.advance(age);
        let loads = source.loads();
        read(id).await;
        replaced += source.loads() - loads;
    }
    replaced
}

#[tokio::test]
async fn a_read_refreshes_by_its_chance_and_in_vain_never() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        tiers.remote.forget_calls();
        // 0.7 s before the end, half of the reads are early.
        let replaced = replaced(&tiers, &source, Duration::from_millis(19_300)).await;
        assert!((60..140).contains(&replaced), "{replaced} of 200");
        let rights = tiers.remote.calls().into_iter().filter(|call| {
            call.key.starts_with("test!refresh:")
                && call.method == cache_runtime::testing::Method::GetOrSet
        });
        let rights = u64::try_from(rights.count()).unwrap();
        assert_eq!(rights, if tiers.name == "local" { 0 } else { replaced });
        assert_eq!(chance::stats().misses, KEYS);
    })
    .await;
}

#[tokio::test]
async fn long_before_the_end_no_read_does() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(replaced(&tiers, &source, Duration::from_secs(5)).await, 0);
    })
    .await;
}
