//! How a write ends, and what it leaves.

use std::time::Duration;

use cache_runtime::testing::{Method, Probe};
use cache_runtime::{deferred, invalidates};
use cache_tests::{Source, Tiers, eventually, on_all_tiers, poll_once};

use super::{LONG, Steps, fails, step_by_step, update, version, writing};

#[tokio::test]
async fn what_was_written_is_read_without_a_load() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        version(source.clone(), 1).await;
        assert_eq!(update(&source, 1).await, Ok(2));
        assert_eq!(version(source.clone(), 1).await, 2);
        assert_eq!(source.loads(), 1, "the one before the write");
        assert_eq!(tiers.barriers(), [""; 0]);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_written_is_read_elsewhere_too() {
    let tiers = Tiers::new("both");
    let (source, elsewhere) = (Source::new(), tiers.elsewhere());
    tiers.cache.scope(update(&source, 1)).await.unwrap();
    assert_eq!(elsewhere.scope(version(source.clone(), 1)).await, 2);
    assert_eq!(source.loads(), 0);
}

#[tokio::test]
async fn what_was_written_is_in_the_local_tier_once_its_fill_was_told() {
    let tiers = Tiers::new("both");
    tiers.told().await;
    let source = Source::new();
    tiers.cache.scope(update(&source, 1)).await.unwrap();
    eventually(LONG, || async { tiers.cache.local_len() == 1 }).await;
    let asked = tiers.remote.calls().len();
    assert_eq!(tiers.cache.scope(version(source.clone(), 1)).await, 2);
    assert_eq!((source.loads(), tiers.remote.calls().len()), (0, asked), "a local hit");
}

#[tokio::test]
async fn it_steps_in_and_out_of_its_barrier_in_two_trips() {
    let tiers = Tiers::new("remote");
    tiers.cache.scope(update(&Source::new(), 1)).await.unwrap();
    assert_eq!(tiers.remote.methods(), [Method::Enter, Method::LeaveFilled]);
}

#[tokio::test]
async fn it_lives_as_long_as_the_function_says_whose_entry_it_is() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        update(&source, 1).await.unwrap();
        tiers.clock.advance(Duration::from_secs(3599));
        assert_eq!((version(source.clone(), 1).await, source.loads()), (2, 0));
        tiers.clock.advance(Duration::from_secs(1));
        assert_eq!((version(source.clone(), 1).await, source.loads()), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn an_error_leaves_nothing_behind() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(version(source.clone(), 1).await, 1);
        assert!(fails(&source, 1).await.is_err());
        assert_eq!(version(source.clone(), 1).await, 2, "it has committed all the same");
        tiers.landed().await;
        assert_eq!(tiers.barriers(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_leaves_leaves_the_barrier_for_its_hold() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let steps = Steps::new();
        let mut write = Box::pin(step_by_step(source.clone(), 1, steps.clone()));
        let mut reached = Box::pin(steps.reached());
        while poll_once(reached.as_mut()).is_pending() {
            assert!(poll_once(write.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        drop(write);
        version(source.clone(), 1).await;
        version(source.clone(), 1).await;
        assert_eq!(source.loads(), 2, "its write may be on its way: nothing is stored");
        if tiers.name == "remote" {
            assert_eq!(tiers.barriers(), ["test:version:1"]);
        }
    })
    .await;
}

#[tokio::test]
async fn inside_deferred_nothing_is_stored_before_or_after_the_commit() {
    on_all_tiers(async |_| {
        let source = Source::new();
        deferred(async {
            assert_eq!(update(&source, 1).await, Ok(2));
            version(source.clone(), 1).await;
            assert_eq!(source.loads(), 1, "it may never be committed");
        })
        .await;
        assert_eq!(version(source.clone(), 1).await, 2);
        assert_eq!(source.loads(), 2);
    })
    .await;
}

#[invalidates(key = "version:<id>")]
async fn overtake(source: &Source, id: u64) {
    source.update();
}

#[tokio::test]
async fn a_write_that_an_invalidation_overtakes_is_not_stored() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let (write, steps) = writing(&tiers.cache, &source).await;
        steps.commit().await;
        overtake(&source, 1).await;
        steps.go_on();
        assert_eq!(write.await.unwrap(), Ok(2));
        assert_eq!(version(source.clone(), 1).await, 3);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn a_write_that_an_invalidation_elsewhere_overtakes_is_not_stored() {
    for elsewhere_deletes_by_hand in [false, true] {
        let tiers = Tiers::new("both");
        let (source, elsewhere) = (Source::new(), tiers.elsewhere());
        let (write, steps) = writing(&tiers.cache, &source).await;
        steps.commit().await;
        if elsewhere_deletes_by_hand {
            source.update();
            tiers.cells.delete("test:version:1");
        } else {
            elsewhere.scope(overtake(&source, 1)).await;
        }
        steps.go_on();
        assert_eq!(write.await.unwrap(), Ok(2));
        assert_eq!(tiers.cache.scope(version(source.clone(), 1)).await, 3);
    }
}
