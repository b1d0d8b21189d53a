//! Loads that are shared, dropped, panic, fail or take too long: every caller gets its value, and
//! nothing stays behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cache_runtime::cached;
use cache_runtime::testing::{Method, Probe};
use cache_tests::{Source, Tiers, eventually, on_all_tiers};
use tokio::{spawn, task::JoinSet, time::timeout};

#[cached(key = "load:<id>", ttl = 60, detach = false)]
async fn attached(source: Source, id: u64) -> Result<u64, String> {
    Ok(source.load().await)
}

#[cached(key = "load:<id>", ttl = 60)]
async fn detached(source: Source, id: u64) -> Result<u64, String> {
    Ok(source.load().await)
}

#[cached(key = "load:<id>", ttl = 60, lock = true, detach = false)]
async fn locked(source: Source, id: u64) -> Result<u64, String> {
    Ok(source.load().await)
}

async fn nothing_is_left(tiers: &Tiers) {
    tiers.landed().await;
    // Leases are given back in the background.
    eventually(Duration::from_secs(5), || async { tiers.leases().is_empty() }).await;
}

#[tokio::test]
async fn a_thousand_tasks_on_a_cold_key_load_once() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let mut tasks = JoinSet::new();
        for _ in 0..1000 {
            let (cache, source) = (tiers.cache.clone(), source.clone());
            tasks.spawn(async move { cache.scope(attached(source, 1)).await });
        }
        source.entered(1).await;
        drop(held);
        assert!(tasks.join_all().await.into_iter().all(|value| value == Ok(1)));
        assert_eq!(source.loads(), 1);
        assert_eq!(attached::stats().loads, 1);
        assert_eq!(attached::stats().joins + attached::stats().hits, 999);
        nothing_is_left(&tiers).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_on_four_threads_load_once() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let mut tasks = JoinSet::new();
        for _ in 0..1000 {
            let (cache, source) = (tiers.cache.clone(), source.clone());
            tasks.spawn(async move { cache.scope(attached(source, 1)).await });
        }
        assert!(tasks.join_all().await.into_iter().all(|value| value == Ok(1)));
        assert_eq!(source.loads(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_that_comes_just_as_a_load_ends_does_not_load_again() {
    let tiers = Tiers::new("local");
    for id in 0..2000 {
        let source = Source::new();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (cache, source) = (tiers.cache.clone(), source.clone());
            tasks.spawn(async move { cache.scope(attached(source, id)).await });
        }
        assert!(tasks.join_all().await.into_iter().all(|value| value == Ok(1)));
        assert_eq!(source.loads(), 1, "of key {id}");
    }
}

#[tokio::test]
async fn different_keys_never_wait_for_each_other() {
    on_all_tiers(async |tiers| {
        let slow = Source::new();
        let _held = slow.hold();
        let (cache, source) = (tiers.cache.clone(), slow.clone());
        let waiting = spawn(async move { cache.scope(attached(source, 1)).await });
        slow.entered(1).await;
        for id in 2..200 {
            assert_eq!(attached(Source::new(), id).await, Ok(1));
        }
        assert!(!waiting.is_finished());
    })
    .await;
}

/// Polls `future` so many times, and says whether it is still pending.
async fn polled<F: Future>(future: &mut Pin<&mut F>, times: usize) -> bool {
    for _ in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return false;
        }
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    true
}

#[tokio::test]
async fn a_leader_dropped_at_any_await_point_leaves_nothing_behind() {
    for read in [attached_boxed as fn(Source) -> Boxed, detached_boxed, locked_boxed] {
        on_all_tiers(async |tiers| {
            for points in 0.. {
                tiers.cache.invalidate(&"load:1".into()).await.unwrap();
                let source = Source::new();
                let held = source.hold();
                let follower = {
                    let mut leader = pin!(read(source.clone()));
                    let pending = polled(&mut leader, points).await;
                    let (cache, source) = (tiers.cache.clone(), source.clone());
                    let follower = spawn(async move { cache.scope(read(source)).await });
                    for _ in 0..10 {
                        tokio::task::yield_now().await;
                    }
                    if !pending || points > 12 {
                        follower.abort();
                        break;
                    }
                    follower
                };
                drop(held);
                let value = timeout(Duration::from_secs(20), follower).await;
                assert_eq!(value.expect("the follower hangs").unwrap(), Ok(1), "after {points}");
                nothing_is_left(&tiers).await;
            }
        })
        .await;
    }
}

type Boxed = Pin<Box<dyn Future<Output = Result<u64, String>> + Send>>;

fn attached_boxed(source: Source) -> Boxed {
    Box::pin(attached(source, 1))
}

fn detached_boxed(source: Source) -> Boxed {
    Box::pin(detached(source, 1))
}

fn locked_boxed(source: Source) -> Boxed {
    Box::pin(locked(source, 1))
}

#[tokio::test]
async fn three_hundred_aborted_loads_do_no_harm() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        for aborted in 1..=300 {
            let (cache, from) = (tiers.cache.clone(), source.clone());
            let load = spawn(async move { cache.scope(attached(from, 1)).await });
            source.entered(aborted).await;
            load.abort();
            assert!(load.await.unwrap_err().is_cancelled());
        }
        drop(held);
        assert_eq!(attached(source.clone(), 1).await, Ok(1));
        assert_eq!(source.loads(), 301);
        nothing_is_left(&tiers).await;
    })
    .await;
}

#[tokio::test]
async fn a_detached_load_fills_though_every_caller_left() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        for _ in 0..3 {
            let left = timeout(Duration::from_millis(20), detached(source.clone(), 1)).await;
            assert!(left.is_err());
        }
        drop(held);
        eventually(Duration::from_secs(5), || async { tiers.cache.in_flight() == 0 }).await;
        assert_eq!(source.loads(), 1, "those who came later waited for the first load");
        assert_eq!(detached::entry(&1).peek().await, Some(1));
        nothing_is_left(&tiers).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_detached_load_that_never_ends_is_dropped_after_max_load() {
    let tiers = Tiers::built("both", |it| it.max_load(Duration::from_secs(30)));
    let source = Source::new();
    let _held = source.hold();
    let read = tiers.cache.scope(detached(source.clone(), 1));
    assert!(timeout(Duration::from_secs(1), read).await.is_err());
    assert_eq!(source.running(), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(source.running(), 0);
    nothing_is_left(&tiers).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_max_load_loads_for_itself_also_behind_one_that_left() {
    let tiers = Tiers::built("both", |it| it.max_load(Duration::from_secs(30)));
    let stuck = Source::new();
    let _held = stuck.hold();
    let (cache, from) = (tiers.cache.clone(), stuck.clone());
    let first = spawn(async move { cache.scope(attached(from, 1)).await });
    stuck.entered(1).await;
    let waits = || tiers.cache.scope(attached(Source::new(), 1));
    let began = tokio::time::Instant::now();
    let (left, stayed) = tokio::join!(timeout(Duration::from_secs(20), waits()), waits());
    assert!(left.is_err());
    assert_eq!((stayed, began.elapsed().as_secs()), (Ok(1), 30));
    assert!(!first.is_finished());
}

#[tokio::test]
async fn after_a_leader_is_dropped_at_most_eight_load_beside_each_other() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let leader = spawn(async move { cache.scope(attached(from, 1)).await });
        source.entered(1).await;
        let mut followers = JoinSet::new();
        for _ in 0..30 {
            let (cache, from) = (tiers.cache.clone(), source.clone());
            followers.spawn(async move { cache.scope(attached(from, 1)).await });
        }
        tokio::task::yield_now().await;
        leader.abort();
        source.entered(9).await;
        drop(held);
        assert!(followers.join_all().await.into_iter().all(|value| value == Ok(1)));
        assert_eq!(source.loads(), 9, "the first to end serves the rest");
        nothing_is_left(&tiers).await;
    })
    .await;
}

#[tokio::test]
async fn with_lock_a_caller_that_leaves_makes_no_second_load() {
    let tiers = Tiers::new("remote");
    let (source, elsewhere) = (Source::new(), tiers.elsewhere());
    let held = source.hold();
    let from = source.clone();
    let holder = spawn(async move { elsewhere.scope(locked(from, 1)).await });
    source.entered(1).await;
    let reading = || {
        let (cache, from) = (tiers.cache.clone(), source.clone());
        spawn(async move { cache.scope(locked(from, 1)).await })
    };
    let leader = reading();
    tiers.remote.called(Method::GetOrSet, 1).await;
    let followers: Vec<_> = (0..20).map(|_| reading()).collect();
    tokio::task::yield_now().await;
    let asked = tiers.remote.methods().iter().filter(|it| **it == Method::GetOrSet).count();
    leader.abort();
    tiers.remote.called(Method::GetOrSet, asked + 2).await;
    drop(held);
    for read in followers.into_iter().chain([holder]) {
        assert_eq!(read.await.unwrap(), Ok(1));
    }
    assert_eq!(source.loads(), 1);
}

static PANICS: AtomicU32 = AtomicU32::new(0);

#[cached(key = "panic:<id>", detach = false)]
async fn panics_once(source: Source, id: u64) -> u64 {
    let value = source.load().await;
    assert!(PANICS.fetch_add(1, SeqCst) % 2 == 1, "the first load panics");
    value
}

#[tokio::test]
async fn a_panic_reaches_its_caller_and_the_others_load() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let held = source.hold();
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let leader = spawn(async move { cache.scope(panics_once(from, 1)).await });
        source.entered(1).await;
        let (cache, from) = (tiers.cache.clone(), source.clone());
        let follower = spawn(async move { cache.scope(panics_once(from, 1)).await });
        tokio::task::yield_now().await;
        drop(held);
        assert!(leader.await.unwrap_err().is_panic());
        assert_eq!(follower.await.unwrap(), 1);
        assert_eq!(panics_once(source.clone(), 1).await, 1);
        assert_eq!(source.loads(), 2);
        nothing_is_left(&tiers).await;
    })
    .await;
}

#[cached(key = "recursion:<n>")]
async fn calls_itself(n: u64, depth: u32) -> u64 {
    if depth == 0 { n } else { boxed(n, depth - 1).await }
}

fn boxed(n: u64, depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(calls_itself(n, depth))
}

#[tokio::test]
async fn a_function_that_calls_itself_with_the_same_key_runs_uncached() {
    on_all_tiers(async |_| {
        let value = timeout(Duration::from_secs(20), calls_itself(7, 3)).await;
        assert_eq!(value.expect("it waits for itself"), 7);
        assert_eq!(calls_itself::stats().bypasses, 3);
        assert_eq!(calls_itself::stats().loads, 1);
    })
    .await;
}

#[cached(key = "zero:<id>", ttl = "1ms")]
async fn short(source: Source, id: u64) -> Option<u64> {
    Some(source.load().await)
}

#[tokio::test]
async fn an_entry_lives_for_its_ttl_and_no_longer() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(short(source.clone(), 1).await, Some(1));
        assert_eq!(short(source.clone(), 1).await, Some(1));
        assert_eq!(source.loads(), 1);
        tiers.clock.advance(Duration::from_millis(1));
        assert_eq!(short(source.clone(), 1).await, Some(1));
        assert_eq!(source.loads(), 2);
    })
    .await;
}

static NONES: AtomicU32 = AtomicU32::new(0);

#[cached(key = "none:<id>", ttl = 3600)]
async fn none(id: u64) -> Result<Option<u64>, String> {
    NONES.fetch_add(1, SeqCst);
    let _ = id;
    Ok(None)
}

#[cached(key = "none:<id>", ttl = 3600)]
async fn plain(id: u64) -> u64 {
    id
}

#[tokio::test]
async fn none_is_cached_for_thirty_seconds_and_is_a_miss_to_who_knows_no_none() {
    on_all_tiers(async |tiers| {
        let before = NONES.load(SeqCst);
        assert_eq!(none(5).await, Ok(None));
        assert_eq!(none(5).await, Ok(None));
        assert_eq!(NONES.load(SeqCst) - before, 1);
        tiers.clock.advance(Duration::from_secs(30));
        assert_eq!(none(5).await, Ok(None));
        assert_eq!(NONES.load(SeqCst) - before, 2);
        assert_eq!(plain(5).await, 5, "a stored `None` is no value");
        assert_eq!(none(5).await, Ok(Some(5)), "and the value that was found since is shared");
    })
    .await;
}

#[tokio::test]
async fn a_future_polled_once_with_a_value_at_hand_is_ready() {
    let tiers = Tiers::new("local");
    tiers
        .cache
        .scope(async {
            attached(Source::new(), 1).await.unwrap();
            let hit = pin!(attached(Source::new(), 1));
            let ready = hit.poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(ready, Poll::Ready(Ok(1)));
        })
        .await;
}
