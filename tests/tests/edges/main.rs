//! What happens where two things meet: overtaken puts, leases waited for, runtimes that end, settings
//! without limit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use cache_runtime::testing::{Fault, MemoryRemote, Method};
use cache_runtime::*;
use cache_tests::{Source, Tiers, eventually, holds_within, poll_once};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tokio::spawn;

mod flights;
mod panics;
mod runtimes;

const MIN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_put_that_is_invalidated_while_it_claims_is_not_stored() {
    for name in ["remote", "both"] {
        let tiers = Tiers::built(name, |it| it.remote_budget(MIN));
        tiers.remote.on(Method::GetOrSet, Fault::Hang);
        let key = Key::from("version:1");
        let (cache, to) = (tiers.cache.clone(), key.clone());
        let put = spawn(async move { cache.put(&to, 7_u64, &Policy::new()).await });
        tiers.remote.called(Method::GetOrSet, 1).await;
        tiers.cache.invalidate(&key).await.unwrap();
        tiers.remote.heal();
        put.await.unwrap().unwrap();
        assert_eq!(tiers.cache.get::<u64>(&key).await.unwrap(), None, "on {name}");
    }
}

#[tokio::test]
async fn of_two_puts_at_once_the_earlier_does_not_outlive_the_later() {
    let tiers = Tiers::built("both", |it| it.remote_budget(MIN));
    let key = Key::from("k");
    tiers.remote.on(Method::Replace, Fault::Hang);
    let (c, k) = (tiers.cache.clone(), key.clone());
    let one = spawn(async move { c.put(&k, 1_u64, &Policy::new()).await });
    tiers.remote.called(Method::Replace, 1).await;
    let (c, k) = (tiers.cache.clone(), key.clone());
    let two = spawn(async move { c.put(&k, 2_u64, &Policy::new()).await });
    tiers.remote.called(Method::Replace, 2).await;
    tiers.remote.heal();
    eprintln!("{:?} {:?}", one.await.unwrap(), two.await.unwrap());
    let got = tiers.cache.get::<u64>(&key).await.unwrap();
    assert!(got != Some(1), "the earlier put stays: {got:?}");
}

#[cached(key = "lock:<id>", ttl = 60, lock = true)]
async fn locked(source: Source, id: u64, secs: u64) -> Result<u64, String> {
    Ok(source.load_slowly(Duration::from_secs(secs)).await)
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_lease_takes_nothing_off_the_budget() {
    let tiers = Tiers::new("remote");
    let elsewhere = tiers.elsewhere();
    let source = Source::new();
    let s = source.clone();
    let holder = spawn(async move { elsewhere.scope(locked(s, 1, 30)).await });
    source.entered(1).await;
    tiers.remote.on(Method::GetOrSet, Fault::Delay(Duration::from_millis(2)));
    let waiters: Vec<_> = (0..6)
        .map(|_| {
            let (c, s) = (tiers.cache.clone(), source.clone());
            spawn(async move { c.scope(locked(s, 1, 30)).await })
        })
        .collect();
    for w in waiters {
        w.await.unwrap().unwrap();
    }
    holder.await.unwrap().unwrap();
    let stats = tiers.cache.stats();
    assert_eq!((source.loads(), stats.remote_errors), (1, 0), "lock = true: one load in the fleet");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_leases_does_not_open_the_breaker() {
    let tiers = Tiers::new("remote");
    let elsewhere = tiers.elsewhere();
    let source = Source::new();
    let holders: Vec<_> = (0..6)
        .map(|i| {
            let (c, s) = (elsewhere.clone(), source.clone());
            spawn(async move { c.scope(locked(s, i, 30)).await })
        })
        .collect();
    source.entered(6).await;
    tiers.remote.on(Method::GetOrSet, Fault::Delay(Duration::from_millis(2)));
    let waiters: Vec<_> = (0..6)
        .map(|i| {
            let (c, s) = (tiers.cache.clone(), source.clone());
            spawn(async move { c.scope(locked(s, i, 30)).await })
        })
        .collect();
    for w in waiters {
        w.await.unwrap().unwrap();
    }
    for holder in holders {
        holder.await.unwrap().unwrap();
    }
    let stats = tiers.cache.stats();
    assert_eq!((source.loads(), stats.breaker_opened), (6, 0));
}

#[tokio::test]
async fn a_max_load_without_limit_is_no_panic() {
    let tiers = Tiers::built("remote", |it| it.max_load(Duration::MAX));
    assert_eq!(tiers.cache.scope(locked(Source::new(), 1, 0)).await, Ok(1));
}

#[tokio::test]
async fn a_budget_without_limit_is_no_panic() {
    let tiers = Tiers::built("remote", |it| it.remote_budget(Duration::MAX).max_pending(0));
    tiers.remote.once(Method::Invalidate, Fault::Fail(ErrorKind::Unavailable));
    tiers.cache.invalidate(&Key::from("a")).await.unwrap_err();
    tiers.cache.shutdown(Duration::from_secs(2)).await.unwrap();
}

#[tokio::test]
async fn what_is_never_cached_is_not_counted_as_discarded() {
    let tiers = Tiers::new("local");
    let l = async { Ok::<_, String>(1_u64) };
    tiers.cache.get_or_load(Key::from("a"), Policy::new().ttl(Duration::ZERO), l).await.unwrap();
    assert_eq!(tiers.cache.stats().discarded, 0);
}

#[tokio::test]
async fn a_fill_that_fails_is_counted() {
    let tiers = Tiers::new("remote");
    tiers.remote.on(Method::Replace, Fault::Fail(ErrorKind::Unavailable));
    let l = async { Ok::<_, String>(1_u64) };
    tiers.cache.get_or_load(Key::from("a"), Policy::new(), l).await.unwrap();
    assert_eq!(tiers.cache.stats().remote_errors, 1);
}

#[tokio::test]
async fn shutdown_waits_for_what_is_being_told() {
    let tiers = Tiers::built("remote", |it| it.remote_budget(MIN));
    tiers.cache.put(&Key::from("a"), 1_u64, &Policy::new()).await.unwrap();
    tiers.remote.on(Method::Invalidate, Fault::Hang);
    {
        let mut f = Box::pin(async { tiers.cache.invalidate(&Key::from("a")).await });
        let _ = poll_once(f.as_mut());
    }
    tiers.remote.called(Method::Invalidate, 1).await;
    let done = tiers.cache.shutdown(Duration::from_millis(50)).await;
    assert!(done.is_err(), "{done:?}, and {:?} stands there", tiers.cells.keys());
}

#[tokio::test]
async fn versions_have_flights_of_their_own() {
    let tiers = Tiers::new("local");
    let source = Source::new();
    let held = source.hold();
    let go = |version: u32, s: Source| {
        let c = tiers.cache.clone();
        spawn(async move {
            c.get_or_load(Key::from("a"), Policy::new().version(version), async move {
                Ok::<_, String>(s.load().await)
            })
            .await
        })
    };
    let one = go(1, source.clone());
    source.entered(1).await;
    let two = Source::new();
    let others: Vec<_> = (0..20).map(|_| go(2, two.clone())).collect();
    two.entered(1).await;
    drop(held);
    one.await.unwrap().unwrap();
    for o in others {
        o.await.unwrap().unwrap();
    }
    let s = tiers.cache.stats();
    assert_eq!(two.loads(), 1, "one load per key and version; {s:?}");
}

#[derive(Debug)]
struct Bare;
#[cached(key = "bare:<id>", ttl = 60, lock = true)]
async fn failing(source: Source, id: u64) -> Result<u64, Bare> {
    source.load_slowly(Duration::from_secs(1)).await;
    Err(Bare)
}

#[tokio::test(start_paused = true)]
async fn errors_that_are_not_shared_make_no_chain_of_leases() {
    let tiers = Tiers::new("remote");
    let source = Source::new();
    let began = tokio::time::Instant::now();
    let callers: Vec<_> = (0..30)
        .map(|_| {
            let (c, s) = (tiers.cache.clone(), source.clone());
            spawn(async move { c.scope(failing(s, 1)).await })
        })
        .collect();
    for c in callers {
        c.await.unwrap().unwrap_err();
    }
    let took = began.elapsed();
    assert!(took <= Duration::from_secs(6), "{took:?}, {} at once", source.most_at_once());
}

static FAILURES: AtomicU64 = AtomicU64::new(0);

struct Picky(MemoryRemote);
impl RemoteBackend for Picky {
    async fn get(&self, key: &str) -> Result<Option<bytes::Bytes>> {
        self.0.get(key).await
    }
    async fn get_or_set(
        &self,
        key: &str,
        cell: bytes::Bytes,
        ttl: Duration,
    ) -> Result<Option<bytes::Bytes>> {
        self.0.get_or_set(key, cell, ttl).await
    }
    async fn replace(
        &self,
        key: &str,
        e: bytes::Bytes,
        cell: bytes::Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        self.0.replace(key, e, cell, ttl).await
    }
    async fn extend(&self, key: &str, e: bytes::Bytes, ttl: Duration) -> Result<bool> {
        self.0.extend(key, e, ttl).await
    }
    async fn release(&self, key: &str, e: bytes::Bytes) -> Result<bool> {
        self.0.release(key, e).await
    }
    async fn invalidate(&self, key: &str) -> Result<()> {
        if key.contains("bad") {
            return Err(Error::new(ErrorKind::Unavailable, "NOPERM"));
        }
        if FAILURES.fetch_add(1, SeqCst) < 20 {
            return Err(Error::new(ErrorKind::Unavailable, "not yet"));
        }
        self.0.invalidate(key).await
    }
    async fn enter(&self, key: &str, writer: u64, hold: Duration) -> Result<()> {
        self.0.enter(key, writer, hold).await
    }
    async fn stay(&self, key: &str, writer: u64, hold: Duration) -> Result<bool> {
        self.0.stay(key, writer, hold).await
    }
    async fn leave(&self, key: &str, writer: u64) -> Result<()> {
        self.0.leave(key, writer).await
    }
    async fn leave_filled(
        &self,
        key: &str,
        writer: u64,
        cell: bytes::Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        self.0.leave_filled(key, writer, cell, ttl).await
    }
    async fn clear(&self, prefix: &str) -> Result<()> {
        self.0.clear(prefix).await
    }
}

#[tokio::test]
async fn one_key_that_is_refused_holds_up_no_other() {
    let cells = MemoryRemote::new();
    let cache = Cache::builder().namespace("test").no_local().remote(Picky(cells.clone())).build();
    for i in 0..20_u64 {
        cache.put(&Key::from(format!("k{i}")), i, &Policy::new()).await.unwrap();
    }
    cache.invalidate(&Key::from("bad")).await.unwrap_err();
    for i in 0..20 {
        let _ = cache.invalidate(&Key::from(format!("k{i}"))).await;
    }
    eventually(Duration::from_secs(10), || async { cells.keys().is_empty() }).await;
}

#[tokio::test]
async fn a_full_remote_tier_costs_no_more_trips_than_a_miss() {
    let tiers = Tiers::new("remote");
    tiers.remote.on(Method::GetOrSet, Fault::Fail(ErrorKind::Full));
    tiers
        .cache
        .get_or_load(Key::from("a"), Policy::new(), async { Ok::<_, String>(1_u64) })
        .await
        .unwrap();
    let calls = tiers.remote.calls();
    assert_eq!(calls.len(), 2, "{:?}", calls.iter().map(|c| c.method).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_has_been_read_is_not_unread() {
    let tiers = Tiers::built("both", |it| it.remote_budget(MIN));
    let elsewhere = tiers.elsewhere();
    let key = Key::from("a");
    elsewhere.put(&key, 1_u64, &Policy::new()).await.unwrap();
    tiers.remote.once(Method::Get, Fault::HoldReply);
    let (c, k) = (tiers.cache.clone(), key.clone());
    let old = spawn(async move { c.get::<u64>(&k).await });
    tiers.remote.called(Method::Get, 1).await;
    elsewhere.invalidate(&key).await.unwrap();
    let new =
        tiers.cache.get_or_load(key.clone(), Policy::new(), async { Ok::<_, String>(2_u64) }).await;
    assert_eq!(new, Ok(2));
    tiers.remote.heal();
    old.await.unwrap().unwrap();
    assert_eq!(
        tiers.cache.get::<u64>(&key).await.unwrap(),
        Some(2),
        "what has been read is not unread"
    );
}

#[tokio::test]
async fn a_stored_none_is_no_error_to_who_knows_no_none() {
    let tiers = Tiers::new("remote");
    tiers.cache.scope(maybe(1)).await;
    assert_eq!(tiers.cache.scope(plain(1)).await, 5);
    assert_eq!(tiers.cache.stats().remote_errors, 0);
}
#[cached(key = "maybe:<id>", ttl = 60)]
async fn maybe(id: u64) -> Option<u64> {
    None
}
#[cached(key = "maybe:<id>", ttl = 60)]
async fn plain(id: u64) -> u64 {
    5
}

#[tokio::test]
async fn a_put_on_foreign_data_says_so() {
    let tiers = Tiers::new("both");
    tiers.cells.plant("test:a", "theirs", MIN);
    let e = tiers.cache.put(&Key::from("a"), 1_u64, &Policy::new()).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Foreign, "{e}");
}

#[tokio::test]
async fn a_lease_of_no_time_is_not_extended_without_pause() {
    let tiers = Tiers::built("remote", |it| it.lease(Duration::ZERO));
    tiers.cache.scope(locked(Source::new(), 1, 1)).await.unwrap();
    let n = tiers.remote.calls().len();
    assert!(n < 100, "{n} calls");
}

#[tokio::test]
async fn a_value_of_a_process_whose_clock_is_ahead_lives_no_longer() {
    // another process's clock is an hour behind: its cells look expired here, and ours live too long there
    let ahead = cache_runtime::testing::FakeClock::new();
    let cells = MemoryRemote::new();
    ahead.advance(Duration::from_hours(1));
    let behind = cache_runtime::testing::FakeClock::new();
    let a = Cache::builder()
        .namespace("t")
        .clock(ahead.clone())
        .remote(cells.clone())
        .local_ttl(Duration::from_hours(2))
        .build();
    let b = Cache::builder()
        .namespace("t")
        .clock(behind.clone())
        .remote(cells.clone())
        .local_ttl(Duration::from_hours(2))
        .build();
    a.put(&Key::from("a"), 1_u64, &Policy::new().ttl_secs(60)).await.unwrap();
    assert_eq!(b.get::<u64>(&Key::from("a")).await.unwrap(), Some(1));
    behind.advance(Duration::from_mins(30));
    cells.delete("t:a");
    assert_eq!(b.get::<u64>(&Key::from("a")).await.unwrap(), None, "its ttl was a minute");
}

#[cached(key = "maybe:<id>", ttl = 60)]
async fn number(source: Source, id: u64) -> u64 {
    source.load().await
}
#[tokio::test]
async fn a_cell_that_cannot_be_taken_over_does_not_end_the_flight() {
    let tiers = Tiers::new("remote");
    tiers.cache.scope(maybe(1)).await;
    let source = Source::new();
    let held = source.hold();
    let go = || {
        let (c, s) = (tiers.cache.clone(), source.clone());
        spawn(async move { c.scope(number(s, 1)).await })
    };
    let one = go();
    source.entered(1).await;
    let rest: Vec<_> = (0..20).map(|_| go()).collect();
    tokio::task::yield_now().await;
    drop(held);
    one.await.unwrap();
    for r in rest {
        r.await.unwrap();
    }
    assert_eq!(source.loads(), 1);
}

#[tokio::test]
async fn a_damaged_cell_of_ours_is_a_miss_and_is_replaced() {
    let tiers = Tiers::new("remote");
    let source = Source::new();
    let read = || tiers.cache.scope(number(source.clone(), 7));
    assert_eq!(read().await, 1);
    let mut cell = tiers.cells.cell("test:maybe:7").unwrap().to_vec();
    *cell.last_mut().unwrap() ^= 1;
    for damaged in [cell, b"\xC1V\x01\x10 and no header".to_vec()] {
        tiers.cells.plant("test:maybe:7", damaged.clone(), MIN);
        source.update();
        let loads = source.loads();
        assert_eq!(read().await, loads + 1, "it was not taken for a value");
        assert_eq!(read().await, loads + 1);
        assert_eq!(source.loads(), loads + 1, "the new value has taken its place");
    }
    assert_eq!(tiers.cache.stats().remote_errors, 2);
}
