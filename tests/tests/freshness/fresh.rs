//! Before the end of the ttl, and before its time to be replaced has come.

use super::{Aged, FRESH};

#[tokio::test]
async fn a_read_is_a_hit() {
    Aged::by(FRESH, async |aged| {
        aged.source.update();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!(aged.read_later().await, Ok(1));
        assert_eq!(aged.loads(), 1);
        assert_eq!((Aged::stats().hits, Aged::stats().stale_hits), (2, 0));
    })
    .await;
}

#[tokio::test]
async fn a_source_that_is_down_is_not_asked() {
    Aged::by(FRESH, async |aged| {
        aged.source.fail();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(1), 1));
    })
    .await;
}

#[tokio::test]
async fn a_slow_source_is_not_asked() {
    Aged::by(FRESH, async |aged| {
        let _held = aged.source.hold();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(1), 1));
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_ends_it() {
    Aged::by(FRESH, async |aged| {
        aged.source.update();
        aged.invalidate().await;
        assert_eq!((aged.read().await, aged.loads()), (Ok(2), 2));
    })
    .await;
}

#[tokio::test]
async fn a_put_takes_its_place() {
    Aged::by(FRESH, async |aged| {
        aged.put(7).await;
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(7), 1));
    })
    .await;
}

#[tokio::test]
async fn cut_off_the_local_tier_serves_it_and_without_one_the_source_does() {
    Aged::by(FRESH, async |aged| {
        aged.source.update();
        aged.cut_off().await;
        let served = if aged.tiers.name == "remote" { (Ok(2), 2) } else { (Ok(1), 1) };
        assert_eq!((aged.read().await, aged.loads()), served);
    })
    .await;
}
