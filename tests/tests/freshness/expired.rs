//! Past the stale window: as if nothing had been there.

use std::time::Duration;

use super::{Aged, EXPIRED, LAST, STALE};

/// From the age at which it is stale here to its end.
const WINDOW_LEFT: Duration = Duration::from_secs(18);

#[tokio::test]
async fn a_read_is_a_miss() {
    Aged::by(EXPIRED, async |aged| {
        aged.source.update();
        assert_eq!((aged.read().await, aged.loads()), (Ok(2), 2));
        assert_eq!((Aged::stats().hits, Aged::stats().misses), (0, 2));
    })
    .await;
}

#[tokio::test]
async fn a_failing_load_is_the_callers_error_each_time() {
    Aged::by(EXPIRED, async |aged| {
        aged.source.fail();
        assert!(aged.read().await.is_err());
        assert!(aged.read_later().await.is_err());
        assert_eq!(aged.loads(), 3);
    })
    .await;
}

#[tokio::test]
async fn readers_wait_together_for_a_slow_load() {
    Aged::by(EXPIRED, async |aged| {
        aged.source.update();
        let held = aged.source.hold();
        let readings = [aged.reading(), aged.reading()];
        aged.source.entered(2).await;
        drop(held);
        for reading in readings {
            assert_eq!(reading.await.unwrap(), Ok(2));
        }
        assert_eq!(aged.loads(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_finds_it_expired_joins_the_load_that_was_begun_while_it_was_stale() {
    Aged::by(STALE, async |aged| {
        aged.source.update();
        let held = aged.source.hold();
        assert_eq!(aged.read().await, Ok(1));
        aged.source.entered(2).await;
        aged.tiers.clock.advance(WINDOW_LEFT);
        let reading = aged.reading();
        tokio::task::yield_now().await;
        drop(held);
        assert_eq!(reading.await.unwrap(), Ok(2));
        assert_eq!(aged.loads(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_voids_the_load_that_is_under_way() {
    Aged::by(EXPIRED, async |aged| {
        let held = aged.source.hold();
        let reading = aged.reading();
        aged.source.entered(2).await;
        aged.source.update();
        aged.invalidate().await;
        drop(held);
        assert_eq!(reading.await.unwrap(), Ok(1), "it began before");
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 3));
    })
    .await;
}

#[tokio::test]
async fn a_put_is_a_value() {
    Aged::by(EXPIRED, async |aged| {
        aged.put(7).await;
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(7), 1));
    })
    .await;
}

#[tokio::test]
async fn cut_off_it_is_loaded() {
    Aged::by(EXPIRED, async |aged| {
        aged.source.update();
        aged.cut_off().await;
        assert_eq!((aged.read().await, aged.loads()), (Ok(2), 2));
        let loads = if aged.tiers.name == "remote" { 3 } else { 2 };
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), loads));
    })
    .await;
}

#[tokio::test]
async fn its_memory_is_freed() {
    Aged::by(LAST, async |aged| {
        use cache_runtime::testing::Probe;
        let stored = u64::from(aged.tiers.name != "remote");
        aged.tiers.cache.sweep();
        assert_eq!(aged.tiers.cache.local_len(), stored);
        aged.tiers.clock.advance(Duration::from_millis(1));
        aged.tiers.cache.sweep();
        assert_eq!((aged.tiers.cache.local_len(), aged.tiers.cells.keys().len()), (0, 0));
    })
    .await;
}
