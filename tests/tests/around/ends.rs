//! Every way out of a body that has a barrier around it.

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{Cache, ErrorKind};
use cache_tests::{Source, Tiers, eventually, on_all_tiers};
use tokio::time::{Instant, sleep};

use super::barriers::several;
use super::{
    HOLD, LONG, Steps, fails, is_cached, until_cached, update, version, writing, writing_as,
};

#[tokio::test]
async fn an_error_takes_the_barrier_down_too() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        fails(1).await.unwrap_err();
        assert_eq!(tiers.barriers(), [""; 0]);
        assert!(is_cached(&source).await);
        tiers.landed().await;
    })
    .await;
}

/// A write that commits and then does not return.
async fn ends_after_its_commit(cache: &Cache, source: &Source, panics: bool) {
    let steps = Steps { panics, ..Steps::new() };
    let write = writing_as(cache, source, &steps).await;
    steps.go_on();
    steps.reached().await;
    if panics {
        steps.go_on();
        assert!(write.await.unwrap_err().is_panic());
    } else {
        write.abort();
        assert!(write.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_leaves_the_barrier_up_for_its_hold() {
    for panics in [false, true] {
        on_all_tiers(async |tiers| {
            let source = Source::new();
            assert!(is_cached(&source).await);
            ends_after_its_commit(&tiers.cache, &source, panics).await;
            let began = Instant::now();
            assert_eq!(version(source.clone(), 1).await, 2);
            assert!(!is_cached(&source).await, "its commit may still be on its way");
            until_cached(&source).await;
            assert!(began.elapsed() >= HOLD * 9 / 10, "{:?}", began.elapsed());
            assert!(began.elapsed() <= HOLD + HOLD / 10, "{:?}", began.elapsed());
            assert_eq!(tiers.barriers(), [""; 0]);
            tiers.landed().await;
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_hold_begins_when_the_caller_leaves() {
    let tiers = Tiers::new("remote");
    let source = Source::new();
    let (write, _steps) = writing(&tiers.cache, &source).await;
    tiers.remote.on(Method::Stay, Fault::Fail(ErrorKind::Unavailable));
    tiers.remote.called(Method::Stay, 2).await;
    tiers.remote.heal();
    tiers.clock.advance(HOLD / 2);
    write.abort();
    tiers.remote.called(Method::Stay, 3).await;
    tokio::task::yield_now().await;
    tiers.clock.advance(HOLD * 9 / 10);
    assert_eq!(tiers.barriers(), ["test:version:1"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_lingering_barrier_saw_loaded_is_not_stored_after_it() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let (write, _steps) = writing(&tiers.cache, &source).await;
        write.abort();
        assert!(write.await.unwrap_err().is_cancelled());
        let held = source.hold();
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let old = tokio::spawn(async move { cache.scope(version(from, 1)).await });
        source.entered(1).await;
        source.update();
        sleep(2 * HOLD).await;
        drop(held);
        assert_eq!(old.await.unwrap(), 1);
        assert_eq!(version(source.clone(), 1).await, 2);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_body_takes_the_barrier_down() {
    let tiers = Tiers::built("both", |it| it.remote_budget(LONG));
    let source = Source::new();
    for fault in [Fault::Hang, Fault::HoldReply] {
        tiers.remote.forget_calls();
        tiers.remote.on(Method::Enter, fault);
        let (cache, to) = (tiers.cache.clone(), source.clone());
        let write = tokio::spawn(async move { cache.scope(update(&to, 1)).await });
        tiers.remote.called(Method::Enter, 1).await;
        write.abort();
        assert!(write.await.unwrap_err().is_cancelled());
        tiers.remote.heal();
        tiers.remote.called(Method::Leave, 1).await;
        eventually(LONG, || async { tiers.barriers().is_empty() }).await;
        eventually(LONG, || tiers.cache.scope(is_cached(&source))).await;
        assert_eq!(source.update() % 2, 0, "the body never ran");
        source.update();
    }
    tiers.landed().await;
}

#[tokio::test]
async fn one_that_leaves_while_a_barrier_is_still_to_come_takes_the_others_down() {
    let tiers = Tiers::built("both", |it| it.remote_budget(LONG));
    tiers.remote.once(Method::Enter, Fault::Hang);
    let cache = tiers.cache.clone();
    let write = tokio::spawn(async move { cache.scope(several(1, async || {})).await });
    eventually(LONG, || async { tiers.barriers().len() == 1 }).await;
    write.abort();
    assert!(write.await.unwrap_err().is_cancelled());
    eventually(LONG, || async { tiers.barriers().is_empty() }).await;
    tiers.remote.heal();
    tiers.remote.called(Method::Leave, 2).await;
    eventually(LONG, || async { tiers.barriers().is_empty() }).await;
}

/// Each call has a runtime of its own, as where a library wraps what is async.
#[test]
fn a_caller_that_leaves_with_its_runtime_leaves_the_barrier_up_too() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let next = runtime();
    let outdated = ["local", "remote", "both"].into_iter().filter(|name| {
        let (brief, tiers, source) = (runtime(), Tiers::new(name), Source::new());
        let _write = brief.block_on(writing_as(&tiers.cache, &source, &Steps::new()));
        drop(brief);
        next.block_on(tiers.cache.scope(async {
            assert_eq!(version(source.clone(), 1).await, 1);
            source.update(); // its commit was on its way
            version(source.clone(), 1).await == 1
        }))
    });
    assert_eq!(outdated.collect::<Vec<_>>(), [""; 0], "within the hold");
}
