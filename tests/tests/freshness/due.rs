//! Still fresh, and the time has come to replace it: nobody waits for that.

use std::time::Duration;

use super::{Aged, DUE};

#[tokio::test]
async fn a_read_is_a_hit_and_replaces_it_for_those_who_come_later() {
    Aged::by(DUE, async |aged| {
        aged.source.update();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!(aged.read_later().await, Ok(2));
        assert_eq!(aged.loads(), 2);
        let stats = Aged::stats();
        assert_eq!((stats.hits, stats.stale_hits, stats.misses, stats.loads), (2, 0, 1, 2));
    })
    .await;
}

#[tokio::test]
async fn what_replaced_it_lives_for_a_whole_ttl() {
    Aged::by(DUE, async |aged| {
        aged.read().await.unwrap();
        aged.tiers.landed().await;
        aged.tiers.clock.advance(Duration::from_millis(7_900));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(1), 2));
        aged.tiers.clock.advance(Duration::from_millis(200));
        assert_eq!(aged.read_later().await, Ok(1));
        aged.tiers.landed().await;
        assert_eq!(aged.loads(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_failing_load_is_nobodys_error() {
    Aged::by(DUE, async |aged| {
        aged.source.fail();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(1), 2));
        assert_eq!(Aged::stats().load_errors, 1);
    })
    .await;
}
