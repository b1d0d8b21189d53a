//! Errors that are remembered: in the local tier alone, so that there is none of it without one.

use std::time::Duration;

use cache_runtime::cached;
use cache_tests::{Down, Source, Tiers, eventually, on_all_tiers};

use super::cut_off;

#[cached(key = "failing:<id>", ttl = 10, err_ttl = 5)]
async fn failing(source: Source, id: u64) -> Result<u64, Down> {
    source.try_load().await
}

/// Remembers no error, of the same entries.
#[cached(key = "failing:<id>", ttl = 10)]
async fn forgetful(source: Source, id: u64) -> Result<u64, Down> {
    source.try_load().await
}

/// An error that was remembered a second ago, if there is a local tier.
struct Failed {
    tiers: Tiers,
    source: Source,
}

impl Failed {
    async fn by<F: Future<Output = ()>>(test: impl Fn(Self) -> F) {
        on_all_tiers(async |tiers| {
            let failed = Self { tiers, source: Source::new() };
            failed.source.fail();
            assert_eq!(failed.read().await, Err(Down));
            // The lease of the load that failed is given back, and that is told.
            failed.tiers.landed().await;
            eventually(Duration::from_secs(5), async || failed.tiers.leases().is_empty()).await;
            failed.tiers.clock.advance(Duration::from_secs(1));
            test(failed).await;
        })
        .await;
    }

    async fn read(&self) -> Result<u64, Down> {
        failing(self.source.clone(), 1).await
    }

    fn remembers(&self) -> bool {
        self.tiers.name != "remote"
    }

    /// Whether a read is answered with the error, without a load.
    async fn is_remembered(&self) -> bool {
        let loads = self.source.loads();
        self.read().await == Err(Down) && self.source.loads() == loads
    }
}

#[tokio::test]
async fn a_read_is_answered_with_it() {
    Failed::by(async |failed| {
        failed.source.recover();
        assert_eq!(failed.is_remembered().await, failed.remembers());
        let joins = u64::from(failed.remembers());
        assert_eq!((failing::stats().joins, failing::stats().hits), (joins, 0));
    })
    .await;
}

#[tokio::test]
async fn after_its_time_the_source_is_asked_again() {
    Failed::by(async |failed| {
        failed.tiers.clock.advance(Duration::from_millis(3_999));
        assert_eq!(failed.is_remembered().await, failed.remembers());
        failed.tiers.clock.advance(Duration::from_millis(1));
        assert!(!failed.is_remembered().await, "the source was down still, and asked");
        failed.tiers.clock.advance(Duration::from_secs(5));
        failed.source.recover();
        assert_eq!(failed.read().await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_slow_source_is_not_waited_for() {
    Failed::by(async |failed| {
        if failed.remembers() {
            let _held = failed.source.hold();
            assert!(failed.is_remembered().await);
        }
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_ends_it() {
    Failed::by(async |failed| {
        failed.source.recover();
        failing::entry(&1).invalidate().await.unwrap();
        assert_eq!(failed.read().await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_keeps_the_error_of_a_load_under_way_from_being_remembered() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        source.fail();
        let held = source.hold();
        let (cache, slow) = (tiers.cache.clone(), source.clone());
        let reading = tokio::spawn(async move { cache.scope(failing(slow, 1)).await });
        source.entered(1).await;
        source.recover();
        failing::entry(&1).invalidate().await.unwrap();
        drop(held);
        assert_eq!(reading.await.unwrap(), Err(Down), "it began before");
        assert_eq!(failing(source.clone(), 1).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_put_takes_its_place() {
    Failed::by(async |failed| {
        failing::entry(&1).put(7).await.unwrap();
        failed.tiers.landed().await;
        assert_eq!(failed.read().await, Ok(7));
    })
    .await;
}

#[tokio::test]
async fn cut_off_it_is_remembered() {
    Failed::by(async |failed| {
        cut_off(&failed.tiers).await;
        assert_eq!(failed.is_remembered().await, failed.remembers());
    })
    .await;
}

#[tokio::test]
async fn functions_that_remember_none_are_not_answered_with_it() {
    Failed::by(async |failed| {
        failed.source.recover();
        assert_eq!(forgetful(failed.source.clone(), 1).await, Ok(1));
        failed.tiers.landed().await;
        assert_eq!(failed.read().await, Ok(1), "and the value takes its place");
    })
    .await;
}

#[tokio::test]
async fn a_value_that_another_function_has_stored_meanwhile_is_not_replaced_by_one() {
    on_all_tiers(async |tiers| {
        let (slow, quick) = (Source::new(), Source::new());
        slow.fail();
        let held = slow.hold();
        let (cache, source) = (tiers.cache.clone(), slow.clone());
        let reading = tokio::spawn(async move { cache.scope(failing(source, 1)).await });
        slow.entered(1).await;
        assert_eq!(forgetful(quick.clone(), 1).await, Ok(1));
        let is_stored = async || forgetful::entry(&1).peek().await.is_some();
        eventually(Duration::from_secs(5), is_stored).await;
        drop(held);
        assert_eq!(reading.await.unwrap(), Err(Down));
        assert_eq!(failing(slow.clone(), 1).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_value_is_never_replaced_by_one() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(failing(source.clone(), 1).await, Ok(1));
        tiers.landed().await;
        source.fail();
        assert_eq!(failing::refresh(source.clone(), 1).await, Err(Down));
        assert_eq!(failing(source.clone(), 1).await, Ok(1));
    })
    .await;
}
