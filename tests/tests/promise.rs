//! The promise, in one process: no read that begins after an invalidation sees what was loaded
//! before it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use std::time::Duration;

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{Key, Policy, cached, invalidates};
use cache_tests::{Source, Tiers, on_all_tiers, poll_once};
use tokio::spawn;

type Failed = String;

#[cached(key = "version:<id>", ttl = 60)]
async fn version(source: Source, id: u64) -> Result<u64, Failed> {
    Ok(source.load().await)
}

#[cached(key = "version:<id>", ttl = 60)]
async fn version_elsewhere(source: Source, id: u64) -> Result<u64, Failed> {
    Ok(source.load().await)
}

#[invalidates(key = "version:<id>")]
async fn update(source: &Source, id: u64) -> Result<u64, Failed> {
    Ok(source.update())
}

/// A read in a task of its own, in the same cache.
fn reading(tiers: &Tiers, source: &Source) -> tokio::task::JoinHandle<Result<u64, Failed>> {
    let (cache, source) = (tiers.cache.clone(), source.clone());
    spawn(async move { cache.scope(version(source, 1)).await })
}

#[tokio::test]
async fn a_load_that_began_before_an_invalidation_is_not_stored() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let old = reading(&tiers, &source);
        source.entered(1).await;
        update(&source, 1).await.unwrap();
        drop(held);
        assert_eq!(old.await.unwrap(), Ok(1), "who waited before is served");
        assert_eq!(version(source.clone(), 1).await, Ok(2), "nobody else is");
        assert_eq!(source.loads(), 2);
        assert_eq!(version::stats().discarded, 1);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn who_asks_after_an_invalidation_does_not_wait_for_the_load_before_it() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let old = reading(&tiers, &source);
        source.entered(1).await;
        update(&source, 1).await.unwrap();
        let new = reading(&tiers, &source);
        source.entered(2).await;
        drop(held);
        assert_eq!(new.await.unwrap(), Ok(2));
        assert_eq!(old.await.unwrap(), Ok(1));
        assert_eq!(version(source.clone(), 1).await, Ok(2));
        assert_eq!(source.loads(), 2, "the new value was stored");
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_reaches_every_call_site_of_its_key() {
    on_all_tiers(async |_| {
        let source = Source::new();
        assert_eq!(version(source.clone(), 1).await, Ok(1));
        assert_eq!(version_elsewhere(source.clone(), 1).await, Ok(1), "they share the entry");
        update(&source, 1).await.unwrap();
        assert_eq!(version_elsewhere(source.clone(), 1).await, Ok(2));
        assert_eq!(version(source.clone(), 1).await, Ok(2));
        assert_eq!(source.loads(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_load_that_began_before_a_put_does_not_replace_it() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let old = reading(&tiers, &source);
        source.entered(1).await;
        version::entry(&1).put(7).await.unwrap();
        drop(held);
        assert_eq!(old.await.unwrap(), Ok(1));
        assert_eq!(version(source.clone(), 1).await, Ok(7));
        assert_eq!(source.loads(), 1);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn a_put_that_an_invalidation_overtook_is_not_stored() {
    for name in ["remote", "both"] {
        let tiers = Tiers::built(name, |it| it.remote_budget(Duration::from_mins(1)));
        tiers.remote.on(Method::Replace, Fault::Hang);
        let key = Key::from("version:1");
        let (cache, to) = (tiers.cache.clone(), key.clone());
        let put = spawn(async move { cache.put(&to, 7_u64, &Policy::new()).await });
        tiers.remote.called(Method::Replace, 1).await;
        tiers.cache.invalidate(&key).await.unwrap();
        tiers.remote.heal();
        put.await.unwrap().unwrap();
        assert_eq!(tiers.cache.get::<u64>(&key).await.unwrap(), None, "on {name}");
        tiers.landed().await;
    }
}

#[tokio::test]
async fn a_fill_that_an_invalidation_overtook_is_not_stored() {
    for name in ["remote", "both"] {
        let tiers = Tiers::built(name, |it| it.remote_budget(Duration::from_mins(1)));
        let source = Source::new();
        tiers.remote.on(Method::Replace, Fault::Hang);
        let old = reading(&tiers, &source);
        tiers.remote.called(Method::Replace, 1).await;
        let cache = tiers.cache.clone();
        cache.scope(update(&source, 1)).await.unwrap();
        tiers.remote.heal();
        assert_eq!(old.await.unwrap(), Ok(1));
        assert_eq!(reading(&tiers, &source).await.unwrap(), Ok(2), "on {name}");
    }
}

#[tokio::test]
async fn a_value_read_from_the_remote_tier_before_an_invalidation_is_not_kept() {
    let tiers = Tiers::built("both", |it| it.remote_budget(Duration::from_mins(1)));
    let source = Source::new();
    let elsewhere = tiers.elsewhere();
    assert_eq!(elsewhere.scope(version(source.clone(), 1)).await, Ok(1));
    tiers.remote.forget_calls();
    // The old value is on its way to this process when the invalidation comes.
    tiers.remote.on(Method::GetOrSet, Fault::HoldReply);
    let old = reading(&tiers, &source);
    tiers.remote.called(Method::GetOrSet, 1).await;
    tiers.cache.scope(update(&source, 1)).await.unwrap();
    tiers.remote.heal();
    assert_eq!(old.await.unwrap(), Ok(1));
    assert_eq!(reading(&tiers, &source).await.unwrap(), Ok(2));
}

#[tokio::test]
async fn a_load_that_another_process_invalidated_is_stored_in_no_tier() {
    for name in ["remote", "both"] {
        let tiers = Tiers::new(name);
        let source = Source::new();
        let held = source.hold();
        let old = reading(&tiers, &source);
        source.entered(1).await;
        tiers.elsewhere().scope(update(&source, 1)).await.unwrap();
        drop(held);
        assert_eq!(old.await.unwrap(), Ok(1));
        assert_eq!(reading(&tiers, &source).await.unwrap(), Ok(2), "on {name}");
    }
}

#[tokio::test]
async fn a_put_does_not_keep_what_another_process_stored_meanwhile() {
    let tiers = Tiers::built("both", |it| it.remote_budget(Duration::from_mins(1)));
    let elsewhere = tiers.elsewhere();
    let key = Key::from("version:1");
    tiers.remote.on(Method::Replace, Fault::Hang);
    let (cache, to) = (tiers.cache.clone(), key.clone());
    let put = spawn(async move { cache.put(&to, 7_u64, &Policy::new()).await });
    tiers.remote.called(Method::Replace, 1).await;
    // A load that began before the put, and fills over its lease.
    assert_eq!(elsewhere.scope(version(Source::new(), 1)).await, Ok(1));
    tiers.remote.heal();
    put.await.unwrap().unwrap();
    assert_eq!(tiers.cache.get::<u64>(&key).await.unwrap(), None);
    assert_eq!(elsewhere.get::<u64>(&key).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_read_from_the_remote_tier_while_it_is_being_told_is_not_kept() {
    let tiers = Tiers::built("both", |it| it.remote_budget(Duration::from_mins(1)));
    let source = Source::new();
    assert_eq!(reading(&tiers, &source).await.unwrap(), Ok(1));
    tiers.remote.on(Method::Invalidate, Fault::Hang);
    let (cache, from) = (tiers.cache.clone(), source.clone());
    let telling = spawn(async move { cache.scope(update(&from, 1)).await });
    tiers.remote.called(Method::Invalidate, 1).await;
    assert_eq!(reading(&tiers, &source).await.unwrap(), Ok(1), "it has not returned yet");
    tiers.remote.heal();
    telling.await.unwrap().unwrap();
    assert_eq!(reading(&tiers, &source).await.unwrap(), Ok(2));
}

#[tokio::test]
async fn a_refresh_that_an_invalidation_overtook_is_not_stored() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(version(source.clone(), 1).await, Ok(1));
        let held = source.hold();
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let refresh = spawn(async move { cache.scope(version::refresh(from, 1)).await });
        source.entered(2).await;
        update(&source, 1).await.unwrap();
        drop(held);
        assert_eq!(refresh.await.unwrap(), Ok(1));
        assert_eq!(version(source.clone(), 1).await, Ok(2));
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn a_refresh_replaces_what_is_cached() {
    on_all_tiers(async |_| {
        let source = Source::new();
        assert_eq!(version(source.clone(), 1).await, Ok(1));
        source.update();
        assert_eq!(version(source.clone(), 1).await, Ok(1), "nobody said it was outdated");
        assert_eq!(version::refresh(source.clone(), 1).await, Ok(2));
        assert_eq!(version(source.clone(), 1).await, Ok(2));
        assert_eq!(source.loads(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_that_is_dropped_once_polled_still_happens() {
    on_all_tiers(async |_| {
        let source = Source::new();
        assert_eq!(version(source.clone(), 1).await, Ok(1));
        source.update();
        let entry = version::entry(&1);
        {
            let mut invalidation = std::pin::pin!(entry.invalidate());
            let _ = poll_once(invalidation.as_mut());
        }
        // What it left behind runs on this same thread, before a read can find a timer.
        cache_tests::eventually(Duration::from_secs(5), || async {
            version(source.clone(), 1).await == Ok(2)
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_that_cannot_reach_the_remote_tier_holds_in_this_process() {
    for name in ["remote", "both"] {
        let tiers = Tiers::new(name);
        let source = Source::new();
        let read = || tiers.cache.scope(version(source.clone(), 1));
        assert_eq!(read().await, Ok(1));
        tiers.remote.on(Method::Invalidate, Fault::Fail(cache_runtime::ErrorKind::Unavailable));
        source.update();
        let told = tiers.cache.scope(async { version::entry(&1).invalidate().await }).await;
        assert_eq!(told.unwrap_err().kind(), cache_runtime::ErrorKind::Unavailable);
        assert_eq!(read().await, Ok(2), "on {name}: the remote tier holds the old value");
        tiers.remote.heal();
        tiers.cache.shutdown(Duration::from_secs(10)).await.unwrap();
        assert_eq!(tiers.cells.cell("test:version:1"), None, "it has been told");
        assert_eq!(read().await, Ok(2));
    }
}
