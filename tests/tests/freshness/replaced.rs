//! Due or stale: it is replaced while it is served.

use super::{Aged, DUE, STALE};

#[tokio::test]
async fn a_hundred_readers_wait_for_no_slow_load_and_begin_one() {
    Aged::by_each([DUE, STALE], async |aged| {
        aged.source.update();
        let held = aged.source.hold();
        for _ in 0..100 {
            assert_eq!(aged.read().await, Ok(1), "the load is held: who waits for it hangs");
        }
        aged.source.entered(2).await;
        assert_eq!(aged.loads(), 2);
        drop(held);
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 2));
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_voids_the_load_that_is_under_way() {
    Aged::by_each([DUE, STALE], async |aged| {
        let held = aged.source.hold();
        aged.read().await.unwrap();
        aged.source.entered(2).await;
        aged.source.update();
        aged.invalidate().await;
        let reading = aged.reading();
        aged.source.entered(3).await;
        drop(held);
        assert_eq!(reading.await.unwrap(), Ok(2), "what was at hand is gone");
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 3));
    })
    .await;
}

#[tokio::test]
async fn a_put_is_not_replaced_by_the_load_that_is_under_way() {
    Aged::by_each([DUE, STALE], async |aged| {
        let held = aged.source.hold();
        aged.read().await.unwrap();
        aged.source.entered(2).await;
        aged.put(7).await;
        drop(held);
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(7), 2));
    })
    .await;
}

#[tokio::test]
async fn cut_off_it_is_replaced_in_the_local_tier() {
    Aged::by_each([DUE, STALE], async |aged| {
        aged.source.update();
        aged.cut_off().await;
        let at_hand = if aged.tiers.name == "remote" { Ok(2) } else { Ok(1) };
        assert_eq!(aged.read().await, at_hand);
        aged.tiers.landed().await;
        assert_eq!(aged.loads(), 2);
        assert_eq!(aged.read_later().await, Ok(2));
    })
    .await;
}
