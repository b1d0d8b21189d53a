//! What a barrier keeps out while it is up, and who is in it.

use std::time::Duration;

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{Cache, Moka, cached, invalidates};
use cache_tests::{Source, Tiers, on_all_tiers, poll_once};
use tokio::runtime::{Builder, Runtime};

use super::{HOLD, LONG, Steps, is_cached, step_by_step, update, version, writing};

#[tokio::test]
async fn reads_while_the_body_runs_load_and_store_nothing() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert!(is_cached(&source).await);
        let (write, steps) = writing(&tiers.cache, &source).await;
        assert!(!is_cached(&source).await, "before the commit");
        steps.go_on();
        steps.reached().await;
        assert_eq!(version(source.clone(), 1).await, 2);
        assert!(!is_cached(&source).await, "after it");
        assert!(tiers.leases().is_empty());
        steps.go_on();
        assert_eq!(write.await.unwrap(), Ok(2));
        assert!(is_cached(&source).await, "after the end");
        assert_eq!(version(source.clone(), 1).await, 2);
        tiers.landed().await;
        assert_eq!(tiers.barriers(), [""; 0]);
        assert_eq!(tiers.cache.stats().barriers_missed, 0);
    })
    .await;
}

#[tokio::test]
async fn reads_in_another_process_store_nothing_while_the_body_runs() {
    let tiers = Tiers::new("both");
    let (source, elsewhere) = (Source::new(), tiers.elsewhere());
    assert!(elsewhere.scope(is_cached(&source)).await);
    let (write, steps) = writing(&tiers.cache, &source).await;
    assert!(!elsewhere.scope(is_cached(&source)).await);
    steps.go_on();
    steps.go_on();
    write.await.unwrap().unwrap();
    assert_eq!(elsewhere.scope(version(source.clone(), 1)).await, 2);
    assert!(elsewhere.scope(is_cached(&source)).await);
}

#[tokio::test]
async fn a_load_that_began_before_the_barrier_is_not_stored() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let old = tokio::spawn(async move { cache.scope(version(from, 1)).await });
        source.entered(1).await;
        let (write, steps) = writing(&tiers.cache, &source).await;
        drop(held);
        assert_eq!(old.await.unwrap(), 1);
        steps.go_on();
        steps.go_on();
        write.await.unwrap().unwrap();
        assert_eq!(version(source.clone(), 1).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_load_that_began_under_the_barrier_is_not_stored_after_it() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let (write, steps) = writing(&tiers.cache, &source).await;
        let held = source.hold();
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let old = tokio::spawn(async move { cache.scope(version(from, 1)).await });
        source.entered(1).await;
        steps.go_on();
        steps.go_on();
        write.await.unwrap().unwrap();
        drop(held);
        assert_eq!(old.await.unwrap(), 1);
        assert_eq!(version(source.clone(), 1).await, 2);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_read_while_the_barrier_comes_down_is_not_kept_here() {
    let tiers = Tiers::built("both", |it| it.remote_budget(LONG));
    let source = Source::new();
    tiers.remote.on(Method::Leave, Fault::HoldReply);
    let (cache, to) = (tiers.cache.clone(), source.clone());
    let write = tokio::spawn(async move { cache.scope(update(&to, 1)).await });
    tiers.remote.called(Method::Leave, 1).await;
    assert!(!tiers.cache.scope(is_cached(&source)).await);
    tiers.remote.heal();
    write.await.unwrap().unwrap();
    assert!(tiers.cache.scope(is_cached(&source)).await);
}

#[tokio::test]
async fn nothing_is_put_while_the_body_runs() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let (write, steps) = writing(&tiers.cache, &source).await;
        version::entry(&1).put(7).await.unwrap();
        assert_eq!(version::entry(&1).peek().await, None);
        version::refresh(source.clone(), 1).await;
        assert_eq!(version::entry(&1).peek().await, None);
        version::entry(&1).invalidate().await.unwrap();
        assert!(!is_cached(&source).await, "an invalidation leaves the barrier up");
        steps.go_on();
        steps.go_on();
        write.await.unwrap().unwrap();
        assert!(is_cached(&source).await);
    })
    .await;
}

#[tokio::test]
async fn the_barrier_is_up_until_the_last_of_its_writers_has_ended() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let (first, first_steps) = writing(&tiers.cache, &source).await;
        let (second, second_steps) = writing(&tiers.cache, &source).await;
        for (write, steps, is_last) in [(second, second_steps, false), (first, first_steps, true)] {
            steps.go_on();
            steps.go_on();
            write.await.unwrap().unwrap();
            assert_eq!(is_cached(&source).await, is_last);
        }
        assert_eq!(version(source.clone(), 1).await, 3);
        tiers.landed().await;
    })
    .await;
}

/// A runtime that runs only while it is told to: between that, its process is as good as dead.
fn process() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_writer_that_dies_after_another_has_ended_leaves_nothing_stale() {
    let (survivor, victim) = (process(), process());
    let tiers = Tiers::new("remote");
    let (source, steps, elsewhere) = (Source::new(), Steps::new(), tiers.elsewhere());
    assert!(survivor.block_on(tiers.cache.scope(is_cached(&source))));
    let mut write = Box::pin(elsewhere.scope(step_by_step(source.clone(), 1, steps.clone())));
    victim.block_on(async {
        tokio::select! { _ = &mut write => {} () = steps.reached() => {} }
    });
    survivor.block_on(tiers.cache.scope(async {
        update(&source, 1).await.unwrap();
        assert_eq!(version(source.clone(), 1).await, 2);
    }));
    steps.go_on();
    victim.block_on(async {
        tokio::select! { _ = &mut write => {} () = steps.reached() => {} }
    });
    survivor.block_on(tiers.cache.scope(async {
        assert_eq!(version(source.clone(), 1).await, 3, "right after its commit");
        assert!(!is_cached(&source).await);
        tiers.clock.advance(HOLD);
        assert!(is_cached(&source).await, "its barrier ends with its hold");
        assert_eq!(version(source.clone(), 1).await, 3);
    }));
}

#[tokio::test(start_paused = true)]
async fn the_barrier_stays_up_for_as_long_as_the_body_runs() {
    let tiers = Tiers::new("remote");
    let source = Source::new();
    let (write, steps) = writing(&tiers.cache, &source).await;
    for round in 1..=6 {
        tiers.remote.called(Method::Stay, round).await;
        tiers.clock.advance(HOLD / 2);
        assert_eq!(tiers.barriers(), ["test:version:1"], "round {round}");
    }
    assert!(!tiers.cache.scope(is_cached(&source)).await);
    steps.go_on();
    steps.go_on();
    write.await.unwrap().unwrap();
    assert_eq!(tiers.barriers(), [""; 0]);
    let stays = tiers.remote.methods().iter().filter(|method| **method == Method::Stay).count();
    tokio::time::sleep(HOLD).await;
    let later = tiers.remote.methods().iter().filter(|method| **method == Method::Stay).count();
    assert_eq!(later, stays, "nothing extends it any more");
}

#[tokio::test]
async fn the_hold_is_a_setting() {
    let hold = Duration::from_millis(100);
    let tiers = Tiers::built("remote", |it| it.barrier_hold(hold));
    let source = Source::new();
    let mut write = Box::pin(tiers.cache.scope(step_by_step(source, 1, Steps::new())));
    while tiers.barriers().is_empty() {
        assert!(poll_once(write.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    tiers.clock.advance(hold);
    assert_eq!(tiers.barriers(), [""; 0]);
}

#[tokio::test]
async fn a_writer_steps_in_and_out_of_the_barrier_in_two_trips() {
    let tiers = Tiers::new("both");
    tiers.cache.scope(update(&Source::new(), 1)).await.unwrap();
    assert_eq!(tiers.remote.methods(), [Method::Enter, Method::Leave]);
}

#[cached(key = "all")]
async fn all(source: Source) -> u64 {
    source.load().await
}

#[invalidates(key = "version:<id>", entry = all(), at = "around")]
pub(super) async fn several(id: u64, during: impl AsyncFnOnce()) {
    let _ = id;
    during().await;
}

#[tokio::test]
async fn each_key_has_a_barrier_of_its_own() {
    on_all_tiers(async |_| {
        let source = Source::new();
        let are_cached = async || {
            let both = async || (version(source.clone(), 1).await, all(source.clone()).await);
            both().await;
            let before = source.loads();
            both().await;
            2 + before - source.loads()
        };
        assert_eq!(are_cached().await, 2);
        several(1, async || assert_eq!(are_cached().await, 0)).await;
        assert_eq!(are_cached().await, 2);
    })
    .await;
}

#[tokio::test]
async fn the_barrier_stands_in_the_cache_that_is_named() {
    struct Service(Cache);

    impl Service {
        #[cached(key = "service:<id>", cache = self.0)]
        async fn read(&self, source: &Source, id: u64) -> u64 {
            source.load().await
        }

        #[invalidates(key = "service:<id>", cache = self.0, at = "around")]
        async fn write(&self, id: u64, during: impl AsyncFnOnce()) {
            let _ = id;
            during().await;
        }
    }

    let service = || Service(Cache::builder().local(Moka::new()).no_remote().build());
    let (named, other) = (service(), service());
    let source = Source::new();
    let read_twice = async |service: &Service| {
        let before = source.loads();
        service.read(&source, 1).await;
        service.read(&source, 1).await;
        source.loads() - before
    };
    named
        .write(1, async || {
            assert_eq!(read_twice(&named).await, 2);
            assert_eq!(read_twice(&other).await, 1);
        })
        .await;
    assert_eq!(read_twice(&named).await, 1);
}

/// Each leaves the barrier with a command of its own, and all have one budget.
#[tokio::test(start_paused = true)]
async fn however_many_writers_of_a_key_an_outage_has_caught_all_are_taken_out_after_it() {
    let tiers = Tiers::new("both");
    let source = Source::new();
    let mut writes = Vec::new();
    for _ in 0..60 {
        writes.push(writing(&tiers.cache, &source).await);
    }
    tiers.remote.on_all(Fault::Fail(cache_runtime::ErrorKind::Unavailable));
    for (write, steps) in writes {
        steps.go_on();
        steps.go_on();
        write.await.unwrap().unwrap();
    }
    // A server that is a few milliseconds away.
    tiers.remote.heal();
    tiers.clock.advance(Duration::from_secs(1));
    tiers.remote.on(Method::Leave, Fault::Delay(Duration::from_millis(5)));
    tiers.cache.shutdown(Duration::from_mins(2)).await.expect("all are told");
}
