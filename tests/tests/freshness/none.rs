//! That a function found nothing is a value of its own, and no miss.

use std::time::Duration;

use cache_runtime::cached;
use cache_tests::{Down, Source, Tiers, on_all_tiers};

use super::cut_off;

/// `None` at version 1, and the version from then on. A `None` is fresh for 5 s, then stale for 20.
#[cached(key = "maybe:<id>", ttl = 10, none_ttl = 5, stale = 20)]
async fn maybe(source: Source, id: u64) -> Result<Option<u64>, Down> {
    let version = source.try_load().await?;
    Ok((version > 1).then_some(version))
}

#[cached(key = "unstored:<id>", ttl = 10, none_ttl = "never")]
async fn unstored(source: Source, id: u64) -> Option<u64> {
    let version = source.load().await;
    (version > 1).then_some(version)
}

#[cached(key = "short:<id>", ttl = 3600)]
async fn without_none_ttl(source: Source, id: u64) -> Option<u64> {
    source.load().await;
    None
}

/// A `None` that was found a second ago.
struct Absent {
    tiers: Tiers,
    source: Source,
}

impl Absent {
    async fn by<F: Future<Output = ()>>(test: impl Fn(Self) -> F) {
        on_all_tiers(async |tiers| {
            let absent = Self { tiers, source: Source::new() };
            assert_eq!(absent.read().await, Ok(None));
            absent.tiers.landed().await;
            absent.tiers.clock.advance(Duration::from_secs(1));
            test(absent).await;
        })
        .await;
    }

    async fn read(&self) -> Result<Option<u64>, Down> {
        maybe(self.source.clone(), 1).await
    }

    async fn read_later(&self) -> Result<Option<u64>, Down> {
        self.tiers.landed().await;
        self.read().await
    }
}

#[tokio::test]
async fn a_read_is_a_hit() {
    Absent::by(async |absent| {
        absent.source.update();
        assert_eq!((absent.read().await, absent.source.loads()), (Ok(None), 1));
        assert_eq!((maybe::stats().hits, maybe::stats().misses), (1, 1));
        assert_eq!(maybe::entry(&1).peek().await, None);
    })
    .await;
}

#[tokio::test]
async fn past_its_own_ttl_it_is_stale_and_replaced() {
    Absent::by(async |absent| {
        absent.source.update();
        absent.tiers.clock.advance(Duration::from_secs(4));
        assert_eq!(absent.read().await, Ok(None));
        assert_eq!((absent.read_later().await, absent.source.loads()), (Ok(Some(2)), 2));
        assert_eq!(maybe::stats().stale_hits, 1);
    })
    .await;
}

#[tokio::test]
async fn a_failing_load_is_nobodys_error() {
    Absent::by(async |absent| {
        absent.source.fail();
        assert_eq!(absent.read().await, Ok(None));
        absent.tiers.clock.advance(Duration::from_secs(4));
        assert_eq!(absent.read().await, Ok(None));
        assert_eq!((absent.read_later().await, absent.source.loads()), (Ok(None), 2));
    })
    .await;
}

#[tokio::test]
async fn a_slow_load_is_waited_for_by_nobody() {
    Absent::by(async |absent| {
        absent.source.update();
        absent.tiers.clock.advance(Duration::from_secs(4));
        let held = absent.source.hold();
        assert_eq!(absent.read().await, Ok(None), "the load is held: who waits for it hangs");
        absent.source.entered(2).await;
        drop(held);
        assert_eq!(absent.read_later().await, Ok(Some(2)));
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_ends_it() {
    Absent::by(async |absent| {
        absent.source.update();
        maybe::entry(&1).invalidate().await.unwrap();
        assert_eq!((absent.read().await, absent.source.loads()), (Ok(Some(2)), 2));
    })
    .await;
}

#[tokio::test]
async fn a_put_takes_its_place() {
    Absent::by(async |absent| {
        maybe::entry(&1).put(7).await.unwrap();
        assert_eq!((absent.read_later().await, absent.source.loads()), (Ok(Some(7)), 1));
    })
    .await;
}

#[tokio::test]
async fn cut_off_the_local_tier_serves_it_and_without_one_the_source_does() {
    Absent::by(async |absent| {
        absent.source.update();
        cut_off(&absent.tiers).await;
        let served = if absent.tiers.name == "remote" { Some(2) } else { None };
        assert_eq!(absent.read().await, Ok(served));
    })
    .await;
}

#[tokio::test]
async fn one_that_is_never_stored_is_looked_for_each_time() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        for loads in 1..=3 {
            assert_eq!(unstored(source.clone(), 1).await, None);
            tiers.landed().await;
            assert_eq!(source.loads(), loads);
        }
        source.update();
        assert_eq!(unstored(source.clone(), 1).await, Some(2));
        tiers.landed().await;
        assert_eq!((unstored(source.clone(), 1).await, source.loads()), (Some(2), 4));
    })
    .await;
}

#[tokio::test]
async fn without_a_ttl_of_its_own_it_lives_for_thirty_seconds_at_most() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        without_none_ttl(source.clone(), 1).await;
        tiers.landed().await;
        tiers.clock.advance(Duration::from_millis(29_999));
        without_none_ttl(source.clone(), 1).await;
        assert_eq!(source.loads(), 1);
        tiers.clock.advance(Duration::from_millis(1));
        without_none_ttl(source.clone(), 1).await;
        assert_eq!(source.loads(), 2);
    })
    .await;
}
