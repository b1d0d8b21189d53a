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

#[test]
fn outside_a_runtime_an_invalidation_says_that_it_is_owed() {
    let tiers = Tiers::new("remote");
    let key = Key::from("a");
    let mut f = Box::pin(tiers.cache.invalidate(&key));
    let answer = poll_once(f.as_mut());
    assert!(matches!(answer, std::task::Poll::Ready(Err(_))), "{answer:?}");
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

#[derive(Default)]
struct Panics;
impl LocalBackend for Panics {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        None
    }
    fn insert(&self, _: &Key, _: Arc<Entry>) {}
    fn remove(&self, _: KeyRef<'_>) {}
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        panic!("a value's Drop, say")
    }
    fn len(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn sweeping_survives_a_panic() {
    let panics = Cache::builder().local(Panics).no_remote().build();
    let counts = Cache::builder().local(Counts).no_remote().build();
    let swept_twice = || async { SWEPT.load(SeqCst) > 1 };
    eventually(Duration::from_secs(20), swept_twice).await;
    drop((panics, counts));
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

static SWEPT: AtomicU64 = AtomicU64::new(0);
struct Counts;
impl LocalBackend for Counts {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        None
    }
    fn insert(&self, _: &Key, _: Arc<Entry>) {}
    fn remove(&self, _: KeyRef<'_>) {}
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        SWEPT.fetch_add(1, SeqCst);
    }
    fn len(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn a_runtime_that_ends_while_telling_leaves_nothing_outdated() {
    let tiers = Tiers::built("both", |it| it.remote_budget(MIN));
    let key = Key::from("a");
    tiers.elsewhere().put(&key, 1_u64, &Policy::new()).await.unwrap();
    tiers.remote.on(Method::Invalidate, Fault::Hang);
    let other =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (c, k) = (tiers.cache.clone(), key.clone());
    other.spawn(async move { c.invalidate(&k).await });
    tiers.remote.called(Method::Invalidate, 1).await;
    assert_eq!(tiers.cache.get::<u64>(&key).await.unwrap(), Some(1), "not told yet");
    let ended = tokio::task::spawn_blocking(move || other.shutdown_timeout(MIN));
    ended.await.unwrap();
    tiers.remote.heal();
    tiers.cache.shutdown(Duration::from_secs(5)).await.unwrap();
    assert!(tiers.cells.keys().is_empty());
    assert_eq!(tiers.cache.get::<u64>(&key).await.unwrap(), None, "it was invalidated");
}
#[tokio::test]
async fn shutdown_goes_on_where_another_runtime_ended() {
    let tiers = Tiers::built("remote", |it| it.remote_budget(MIN));
    tiers.remote.once(Method::Invalidate, Fault::Fail(ErrorKind::Unavailable));
    tiers.remote.on(Method::Invalidate, Fault::Hang);
    let other =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let c = tiers.cache.clone();
    other.spawn(async move { c.invalidate(&Key::from("a")).await });
    tiers.remote.called(Method::Invalidate, 2).await;
    let c = tiers.cache.clone();
    let down = spawn(async move { c.shutdown(Duration::from_secs(3)).await });
    tokio::task::yield_now().await;
    other.shutdown_background();
    tiers.remote.heal();
    down.await.unwrap().unwrap();
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

#[test]
fn what_a_runtime_owes_that_nobody_drives_is_told_by_another() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (idle, busy) = (runtime(), runtime());
    let tiers = Tiers::new("remote");
    let key = Key::from("a");
    idle.block_on(async {
        tiers.cache.put(&key, 1_u64, &Policy::new()).await.unwrap();
        tiers.remote.on(Method::Invalidate, Fault::Fail(ErrorKind::Unavailable));
        tiers.cache.invalidate(&key).await.unwrap_err();
    });
    tiers.remote.heal();
    assert!(!tiers.cells.keys().is_empty());
    busy.block_on(async { tiers.cache.shutdown(Duration::from_secs(20)).await.unwrap() });
    assert!(tiers.cells.keys().is_empty());
}

/// The feed tells of a change of the key that leaves its cell as it was: a lease was extended, say.
async fn changed(tiers: &Tiers, lease: &'static [u8]) {
    let lease = bytes::Bytes::from_static(lease);
    assert!(tiers.cells.extend("test:maybe:1", lease, MIN).await.unwrap());
}

/// A function that finds what it asks for looks before it takes a lease.
async fn leans_to_hits(tiers: &Tiers, source: &Source) {
    for id in 100..200 {
        tiers.elsewhere().scope(number(source.clone(), id)).await;
        tiers.cache.scope(number(source.clone(), id)).await;
    }
}

#[test]
fn of_two_flights_that_see_the_same_cell_stand_none_waits_for_the_other() {
    const LEASE: &[u8] = b"\xC1L0123456789abcdef";
    let (tell, told) = std::sync::mpsc::channel();
    let reads = async move {
        let tiers = Tiers::built("both", |it| it.remote_budget(MIN));
        tiers.told().await;
        tiers.cells.plant("test:maybe:1", LEASE, MIN);
        let source = Source::new();
        leans_to_hits(&tiers, &source).await;
        let read = || Box::pin(tiers.cache.scope(number(source.clone(), 1)));
        let hold = || {
            tiers.remote.heal();
            tiers.remote.on(Method::Get, Fault::HoldReply);
        };
        let (mut first, mut second, mut third) = (read(), read(), read());
        hold();
        assert!(poll_once(first.as_mut()).is_pending());
        changed(&tiers, LEASE).await;
        hold();
        assert!(poll_once(first.as_mut()).is_pending());
        changed(&tiers, LEASE).await;
        assert!(poll_once(second.as_mut()).is_pending());
        assert!(poll_once(third.as_mut()).is_pending());
        changed(&tiers, LEASE).await;
        hold();
        assert!(poll_once(first.as_mut()).is_pending());
        assert!(poll_once(second.as_mut()).is_pending());
        tiers.remote.heal();
        assert!(poll_once(first.as_mut()).is_pending(), "it goes on with the second");
        tokio::join!(first, second, third)
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tell.send(runtime.block_on(reads)).unwrap();
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok((1, 1, 1)));
}

/// A value that can't be written, as one whose code has a fault.
#[derive(Debug, Clone, PartialEq)]
struct Faulted(u64);

impl serde::Serialize for Faulted {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        panic!("a fault in the code of a value")
    }
}

impl<'de> serde::Deserialize<'de> for Faulted {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        panic!("a fault in the code of a value")
    }
}

#[cached(key = "faulted:<id>", ttl = 60)]
async fn faulted(id: u64) -> Faulted {
    Faulted(id)
}

#[tokio::test]
async fn a_value_that_panics_as_it_is_encoded_is_returned_all_the_same() {
    let tiers = Tiers::new("remote");
    let cache = tiers.cache.clone();
    let read = spawn(async move { cache.scope(faulted(1)).await });
    assert_eq!(read.await.expect("the function has returned its value"), Faulted(1));
}

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// A value whose `Drop` panics once it is told to.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Fragile(u64);

impl Drop for Fragile {
    fn drop(&mut self) {
        if DROPPED.load(SeqCst) > 0 && !std::thread::panicking() {
            DROPPED.store(0, SeqCst);
            panic!("a fault in the code of a value");
        }
    }
}

/// A local tier that drops what it removes at once, as `QuickCache` does.
#[derive(Default)]
struct AtOnce(std::sync::Mutex<Option<Arc<Entry>>>);

impl LocalBackend for AtOnce {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
    fn insert(&self, _: &Key, entry: Arc<Entry>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(entry);
    }
    fn remove(&self, _: KeyRef<'_>) {
        let removed = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        drop(removed);
    }
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {}
    fn len(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn a_value_that_panics_as_it_is_dropped_is_invalidated_in_the_remote_tier_too() {
    let tiers = Tiers::built("both", |it| it.local(AtOnce::default()));
    tiers.told().await;
    let key = Key::from("fragile");
    tiers.elsewhere().put(&key, Fragile(1), &Policy::new()).await.unwrap();
    drop(tiers.cache.get::<Fragile>(&key).await.unwrap().unwrap());
    let (cache, to) = (tiers.cache.clone(), key.clone());
    DROPPED.store(1, SeqCst);
    let _ = spawn(async move { cache.invalidate(&to).await }).await;
    assert_eq!(DROPPED.load(SeqCst), 0, "it was dropped");
    let found = tiers.cache.get::<Fragile>(&key).await.unwrap().map(|it| it.0);
    assert_eq!(found, None, "it was invalidated");
}

/// A local tier whose values panic as they are dropped, on the thread that sweeps: its program has no
/// cache any more once it is being swept.
#[derive(Default)]
struct Orphaned(Arc<std::sync::Mutex<Option<Cache>>>);
impl LocalBackend for Orphaned {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        None
    }
    fn insert(&self, _: &Key, _: Arc<Entry>) {}
    fn remove(&self, _: KeyRef<'_>) {}
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        let last = self.0.lock().unwrap().take();
        ORPHANS.store(1, SeqCst);
        drop(last);
    }
    fn len(&self) -> u64 {
        0
    }
}
impl Drop for Orphaned {
    fn drop(&mut self) {
        panic!("a value's Drop, say")
    }
}
static ORPHANS: AtomicU64 = AtomicU64::new(0);

#[tokio::test]
async fn sweeping_survives_a_panic_of_a_cache_that_is_gone() {
    let of = Arc::<std::sync::Mutex<Option<Cache>>>::default();
    let panics = Cache::builder().local(Orphaned(of.clone())).no_remote().build();
    *of.lock().unwrap() = Some(panics);
    drop(of);
    eventually(Duration::from_secs(20), || async { ORPHANS.load(SeqCst) > 0 }).await;
    let counts = Cache::builder().local(Counts).no_remote().build();
    let before = SWEPT.load(SeqCst);
    eventually(Duration::from_secs(10), || async { SWEPT.load(SeqCst) > before + 1 }).await;
    drop(counts);
}

#[cached(key = "inner:<id>", ttl = 60, lock = true)]
async fn inner(id: u64) -> u64 {
    id
}

#[cached(key = "inner:<id>", ttl = 60, lock = true)]
async fn outer(id: u64) -> u64 {
    inner(id).await
}

#[tokio::test(start_paused = true)]
async fn a_function_that_calls_another_one_of_its_key_does_not_wait_for_its_own_lease() {
    for name in ["remote", "both"] {
        let tiers = Tiers::new(name);
        let began = tokio::time::Instant::now();
        assert_eq!(tiers.cache.scope(outer(1)).await, 1);
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(1), "{waited:?} on {name}");
    }
}

/// A load that another process overtakes, between its end and its fill, in a flight of several loads.
#[tokio::test]
async fn what_another_process_has_invalidated_is_given_to_nobody_by_a_load_that_is_being_filled() {
    let tiers = Tiers::built("both", |it| it.remote_budget(MIN));
    tiers.told().await;
    let source = Source::new();
    leans_to_hits(&tiers, &source).await;
    let loads_before = source.loads();
    let read = || Box::pin(tiers.cache.scope(number(source.clone(), 1)));
    tiers.remote.on(Method::Get, Fault::Hang);
    let (mut dropped, mut loads, mut looks) = (read(), read(), read());
    for one in [&mut dropped, &mut loads, &mut looks] {
        assert!(poll_once(one.as_mut()).is_pending());
    }
    drop(dropped); // now several may load
    tiers.remote.heal();
    let held = source.hold();
    assert!(poll_once(loads.as_mut()).is_pending());
    assert_eq!(source.loads(), loads_before + 1, "it loads");
    tiers.remote.on(Method::Get, Fault::HoldReply);
    assert!(poll_once(looks.as_mut()).is_pending());
    tiers.remote.on(Method::Replace, Fault::Hang);
    drop(held);
    assert!(poll_once(loads.as_mut()).is_pending());

    source.update();
    tiers.elsewhere().invalidate(&Key::from("maybe:1")).await.unwrap();
    tiers.remote.heal();
    tiers.remote.on(Method::Get, Fault::HoldReply);
    assert!(poll_once(looks.as_mut()).is_pending(), "it looks again");
    let mut begins = read();
    let begun = poll_once(begins.as_mut());
    tiers.remote.heal();
    let read = match begun {
        std::task::Poll::Ready(read) => read,
        std::task::Poll::Pending => tokio::join!(begins, loads, looks).0,
    };
    assert_eq!(read, 2, "what was loaded before the invalidation is not read after it");
}

/// Of a flight of several loads, one looks at the cell again and sees another lease, of somebody who loads
/// after the invalidation. The other load began before that.
#[tokio::test]
async fn what_one_load_of_a_flight_sees_anew_says_nothing_of_another_one_that_saw_the_same_before()
{
    let tiers = Tiers::built("both", |it| it.remote_budget(MIN));
    tiers.told().await;
    let source = Source::new();
    leans_to_hits(&tiers, &source).await;
    let read = || Box::pin(tiers.cache.scope(number(source.clone(), 1)));
    tiers.remote.on(Method::Get, Fault::Hang);
    let (mut dropped, mut loads, mut looks) = (read(), read(), read());
    for one in [&mut dropped, &mut loads, &mut looks] {
        assert!(poll_once(one.as_mut()).is_pending());
    }
    drop(dropped); // now several may load
    tiers.remote.heal();
    let held = source.hold();
    assert!(poll_once(loads.as_mut()).is_pending());
    tiers.remote.on(Method::Get, Fault::HoldReply);
    assert!(poll_once(looks.as_mut()).is_pending());

    source.update();
    tiers.elsewhere().invalidate(&Key::from("maybe:1")).await.unwrap();
    tiers.cells.plant("test:maybe:1", &b"\xC1L0123456789abcdef"[..], MIN);
    tiers.remote.heal();
    assert!(poll_once(looks.as_mut()).is_pending(), "it looks again, and loads");
    let mut begins = read();
    assert!(poll_once(begins.as_mut()).is_pending(), "it loads too");
    tiers.remote.on(Method::Replace, Fault::Hang);
    drop(held);
    assert!(poll_once(loads.as_mut()).is_pending(), "it is being filled");
    let mut begins_later = read();
    let begun = poll_once(begins_later.as_mut());
    tiers.remote.heal();
    let begun = match begun {
        std::task::Poll::Ready(read) => read,
        std::task::Poll::Pending => tokio::join!(begins_later, begins, looks, loads).0,
    };
    assert_eq!(begun, 2, "what was loaded before the invalidation is not read after it");
}

impl From<Timeout> for Bare {
    fn from(_: Timeout) -> Self {
        Self
    }
}

#[cached(key = "limited:<id>", ttl = 60, hard_timeout = "1h")]
async fn limited(source: Source, id: u64) -> Result<u64, Bare> {
    source.try_load().await.map_err(|_| Bare)
}

#[tokio::test]
async fn who_waits_for_another_load_and_leaves_does_not_load() {
    let tiers = Tiers::new("local");
    let source = Source::new();
    source.fail();
    let held = source.hold();
    let read = || Box::pin(tiers.cache.scope(limited(source.clone(), 1)));
    let mut leads = read();
    assert!(poll_once(leads.as_mut()).is_pending());
    for _ in 0..5 {
        let mut follows = read();
        assert!(poll_once(follows.as_mut()).is_pending());
        drop(follows);
    }
    drop(held);
    assert!(leads.await.is_err());
    tiers.landed().await;
    assert_eq!(source.loads(), 1, "nobody else asks for it any more");
}

#[test]
fn what_a_runtime_was_telling_that_nobody_drives_any_more_is_told_by_another() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (idle, busy) = (runtime(), runtime());
    let tiers = Tiers::new("remote");
    let key = Key::from("a");
    idle.block_on(async {
        tiers.cache.put(&key, 1_u64, &Policy::new()).await.unwrap();
        let mut invalidation = Box::pin(tiers.cache.invalidate(&key));
        assert!(poll_once(invalidation.as_mut()).is_pending());
    });
    assert!(!tiers.cells.keys().is_empty());
    let told = busy.block_on(async { tiers.cache.shutdown(Duration::from_secs(20)).await });
    assert!(told.is_ok(), "once polled, it finishes: {told:?}");
    assert!(tiers.cells.keys().is_empty());
}

/// A read in another runtime of the same process.
#[test]
fn an_invalidation_on_a_runtime_that_nobody_drives_keeps_others_from_what_it_is_to_remove() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (idle, busy) = (runtime(), runtime());
    for name in ["remote", "both"] {
        let tiers = Tiers::new(name);
        let source = Source::new();
        idle.block_on(async {
            assert_eq!(tiers.cache.scope(number(source.clone(), 1)).await, 1);
            source.update();
            let key = Key::from("maybe:1");
            let mut invalidation = Box::pin(tiers.cache.invalidate(&key));
            assert!(poll_once(invalidation.as_mut()).is_pending());
        });
        let read = || busy.block_on(tiers.cache.scope(number(source.clone(), 1)));
        assert!(holds_within(Duration::from_secs(20), || read() == 2), "on {name}, it stays");
    }
}

/// It was finding out whether the remote tier is back.
#[test]
fn a_runtime_that_nobody_drives_does_not_keep_others_from_the_remote_tier() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (idle, busy) = (runtime(), runtime());
    let tiers = Tiers::new("remote");
    let key = Key::from("a");
    idle.block_on(async {
        tiers.cache.put(&key, 1_u64, &Policy::new()).await.unwrap();
        tiers.remote.on_all(Fault::Fail(ErrorKind::Unavailable));
        while tiers.cache.stats().breaker_opened == 0 {
            tiers.cache.get::<u64>(&Key::from("b")).await.unwrap_err();
        }
        tiers.remote.heal();
        tiers.remote.on(Method::Get, Fault::Hang);
        tiers.clock.advance(Duration::from_secs(1));
        let (cache, probes) = (tiers.cache.clone(), Key::from("b"));
        spawn(async move { cache.get::<u64>(&probes).await });
        tiers.remote.forget_calls();
        tiers.remote.called(Method::Get, 1).await;
    });
    tiers.remote.heal();
    let is_back = || {
        tiers.clock.advance(Duration::from_secs(1));
        busy.block_on(tiers.cache.get::<u64>(&key)).is_ok_and(|value| value == Some(1))
    };
    assert!(holds_within(Duration::from_secs(20), is_back), "it is left alone for ever");
}
