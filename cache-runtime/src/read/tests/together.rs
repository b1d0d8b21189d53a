//! Calls of one key that meet, and what a remote tier costs them that is silent or full.

use tokio::time::{Instant, sleep};

use super::*;
use crate::timeout::Timeout;

/// A cache of a remote tier alone that holds 1 under `key`, where hits are likely.
async fn remote_alone(key: &Key) -> (Cache, Faulty<MemoryRemote>) {
    let remote = Faulty::new(MemoryRemote::new());
    let cache = Cache::builder().no_local().remote(remote.clone()).build();
    for _ in 0..100 {
        assert_eq!(plain(&cache, key).load(async { 1 }).await, 1);
    }
    remote.forget_calls();
    (cache, remote)
}

/// A call of a function whose values are not served any more once they are past their ttl.
fn plain(cache: &Cache, key: &Key) -> Call<impl Shape<Return = u64> + use<>> {
    plain_of(cache, key, 1)
}

fn plain_of(cache: &Cache, key: &Key, version: u32) -> Call<impl Shape<Return = u64> + use<>> {
    let policy = Policy::new().ttl_secs(10).version(version);
    let shape = Returns::<u64>::new().kind().errors().serde();
    let looking = Looking { site: &SITE, owner: SITE.address(), cache, policy: &policy, shape };
    match looking.up_written(key.borrowed()) {
        Lookup::Miss(call) => call,
        Lookup::Hit(value) => panic!("{value} is a hit"),
    }
}

/// Invariant 9: a cache fault costs a reader one `remote_budget` at most.
#[tokio::test(start_paused = true)]
async fn who_meets_another_in_a_silent_remote_tier_waits_for_one_budget() {
    let key = Key::from("value");
    let (cache, remote) = remote_alone(&key).await;
    remote.on_all(Fault::Hang);
    let began = Instant::now();
    let first = {
        let (cache, key) = (cache.clone(), key.clone());
        tokio::spawn(async move {
            let value = plain(&cache, &key).load(async { 2 }).await;
            (value, began.elapsed().as_millis())
        })
    };
    sleep(Duration::from_millis(240)).await;
    let second = tokio::spawn({
        let (cache, key) = (cache.clone(), key.clone());
        async move { plain(&cache, &key).load(async { 3 }).await }
    });
    let (_, took) = first.await.unwrap();
    second.await.unwrap();
    assert!(
        took <= 251,
        "the first reader waited {took} ms for a remote tier whose budget is 250 ms"
    );
}

/// How often two calls of one key load that are so many milliseconds apart; a load takes 50.
async fn loads_of_two(cache: &Cache, key: &Key, apart: u64) -> u64 {
    let loads = Arc::new(AtomicU64::new(0));
    let read = || {
        let (cache, key, loads) = (cache.clone(), key.clone(), loads.clone());
        let body = async move {
            loads.fetch_add(1, SeqCst);
            sleep(Duration::from_millis(50)).await;
            7
        };
        tokio::spawn(async move { plain(&cache, &key).load(body).await })
    };
    let first = read();
    sleep(Duration::from_millis(apart)).await;
    let second = read();
    assert_eq!((first.await.ok(), second.await.ok()), (Some(7), Some(7)));
    loads.load(SeqCst)
}

#[tokio::test(start_paused = true)]
async fn calls_that_meet_share_a_load_that_can_not_be_stored() {
    let (cache, remote) = remote_alone(&Key::from("value")).await;
    remote.on(Method::Replace, Fault::Fail(ErrorKind::Full));
    remote.on(Method::GetOrSet, Fault::Fail(ErrorKind::Full));
    remote.once(Method::Get, Fault::Delay(Duration::from_millis(100)));
    assert_eq!(loads_of_two(&cache, &Key::from("other"), 10).await, 1);
}

#[tokio::test(start_paused = true)]
async fn calls_that_meet_share_a_load_although_a_command_was_lost() {
    let (cache, remote) = remote_alone(&Key::from("value")).await;
    remote.once(Method::Get, Fault::Hang);
    assert_eq!(loads_of_two(&cache, &Key::from("other"), 200).await, 1);
}

/// A value that this function can't take is transferred once.
#[tokio::test]
async fn what_is_of_another_version_is_asked_for_once() {
    let key = Key::from("value");
    let (cache, remote) = remote_alone(&key).await;
    let elsewhere = Cache::builder().no_local().remote(remote.inner().clone()).build();
    let other = Key::from("other");
    assert_eq!(plain_of(&elsewhere, &other, 2).load(async { 5 }).await, 5);
    assert_eq!(plain(&cache, &other).load(async { 6 }).await, 6);
    assert_eq!(remote.methods(), [Method::Get, Method::Replace]);
}

/// An invalidation that the remote tier could not be told of, and one that overtakes a glance.
#[tokio::test(start_paused = true)]
async fn a_value_whose_invalidation_is_owed_is_read_by_nobody() {
    let key = Key::from("value");
    let (cache, remote) = remote_alone(&key).await;
    remote.on(Method::Invalidate, Fault::Fail(ErrorKind::Unavailable));
    assert!(cache.invalidate(&key).await.is_err());
    assert_eq!(plain(&cache, &key).load(async { 2 }).await, 2);
    remote.heal();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(plain(&cache, &key).load(async { 3 }).await, 3);
    remote.on(Method::Get, Fault::HoldReply);
    let mut old = Box::pin(plain(&cache, &key).load(async { 4 }));
    poll_once(&mut old);
    cache.invalidate(&key).await.unwrap();
    let new = tokio::spawn(plain(&cache, &key).load(async { 5 }));
    sleep(Duration::from_millis(10)).await;
    remote.heal();
    assert_eq!(old.await, 3, "it began before");
    assert_eq!(new.await.unwrap(), 5);
}

static LIMITED: Site = Site::new("tests", "limited", "limited", Policy::new());

/// As `plain`, of a function that can fail.
fn limited(cache: &Cache, key: &Key) -> Call<impl Shape<Return = Result<u64, Timeout>> + use<>> {
    const PLAIN: Policy = Policy::new().ttl_secs(10);
    let shape = Returns::<Result<u64, Timeout>>::new().kind().errors().serde();
    let owner = LIMITED.address();
    match (Looking { site: &LIMITED, owner, cache, policy: &PLAIN, shape })
        .up_written(key.borrowed())
    {
        Lookup::Miss(call) => call,
        Lookup::Hit(value) => panic!("{value:?} is a hit"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_goes_on_whose_caller_had_less_patience_than_a_silent_remote_tier_takes() {
    let (clock, remote) = (FakeClock::new(), Faulty::new(MemoryRemote::new()));
    let cache = Cache::builder().no_local().clock(clock).remote(remote.clone()).build();
    let key = Key::from("value");
    for _ in 0..100 {
        assert_eq!(limited(&cache, &key).load(async { Ok(1) }).await.unwrap(), 1);
    }
    remote.on_all(Fault::Hang);
    let loads = Arc::new(AtomicU64::new(0));
    let counted = loads.clone();
    let answer = limited(&cache, &key)
        .hard_timeout_millis(200)
        .detached(async move {
            counted.fetch_add(1, SeqCst);
            Ok(2)
        })
        .await;
    assert!(answer.is_err());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(loads.load(SeqCst), 1, "it went on");
}

/// A load that keeps nobody waiting for `max_load` keeps its waiters.
#[tokio::test(start_paused = true)]
async fn a_late_comer_is_not_late_because_a_crowd_was_there_long_before() {
    let cache = Cache::builder().no_remote().build(); // max_load: a minute
    let key = Key::from("value");
    let loads = Arc::new(AtomicU64::new(0));
    let load = |wait: u64| {
        let loads = loads.clone();
        call(&cache, &key).load(async move {
            loads.fetch_add(1, SeqCst);
            sleep(Duration::from_secs(wait)).await;
            wait
        })
    };
    let leader = tokio::spawn(load(90));
    tokio::task::yield_now().await;
    let crowd: Vec<_> = (0..40).map(|_| tokio::spawn(load(1))).collect();
    sleep(Duration::from_secs(1)).await;
    // Their clients have had enough.
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
    // Shortly before their alarm, and shortly after it.
    sleep(Duration::from_secs(66)).await;
    let before = tokio::spawn(load(2));
    sleep(Duration::from_secs(1)).await;
    let after = tokio::spawn(load(3));
    for member in [leader, before, after] {
        assert_eq!(member.await.unwrap(), 90);
    }
    assert_eq!(loads.load(SeqCst), 1);
}

/// Its clock rings all its bells then.
#[test]
fn the_end_of_a_runtime_ends_no_wait_in_another_one() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (ends, stays) = (runtime().unwrap(), runtime().unwrap());
    let cache = Cache::builder().no_remote().build();
    let key = Key::from("value");
    let loads = Arc::new(AtomicU64::new(0));
    let load = || {
        let loads = loads.clone();
        Box::pin(call(&cache, &key).load(async move {
            loads.fetch_add(1, SeqCst);
            pending().await
        }))
    };
    let mut waits: Vec<_> = (0..2).map(|_| load()).collect();
    let _stays = stays.enter();
    waits.iter_mut().for_each(poll_once);
    let mut crowd: Vec<_> = (0..100).map(|_| load()).collect();
    ends.block_on(async { crowd.iter_mut().for_each(poll_once) });
    drop(ends);
    waits.iter_mut().for_each(poll_once);
    assert_eq!(loads.load(SeqCst), 1);
    drop(crowd);
}

/// One that is overtaken on its way from the remote tier is kept nowhere, and is a hit like any other.
#[tokio::test]
async fn a_fresh_value_that_can_not_be_kept_is_no_stale_hit() {
    let (clock, remote) = (FakeClock::new(), Faulty::new(MemoryRemote::new()));
    clock.advance(Duration::from_secs(1));
    let cache = Cache::builder().clock(clock).remote(remote.clone()).build();
    let elsewhere = Cache::builder().no_local().remote(remote.inner().clone()).build();
    let key = Key::from("value");
    assert_eq!(plain(&elsewhere, &key).load(async { 1 }).await, 1);
    remote.on(Method::GetOrSet, Fault::HoldReply);
    let mut read = Box::pin(plain(&cache, &key).load(async { 2 }));
    poll_once(&mut read);
    cache.invalidate(&key).await.unwrap();
    remote.heal();
    assert_eq!(read.await, 1, "it began before");
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.stale_hits), (1, 0));
}

/// Two flights of a key, of which the one that is to replace a value turns out to have been overtaken:
/// the other one had seen what stands in the cell now, and has loaded.
#[tokio::test]
async fn who_replaces_a_value_takes_what_another_flight_has_landed_with_meanwhile() {
    let clock = FakeClock::new();
    let remote = Faulty::new(MemoryRemote::with_clock(&clock));
    let builder = || Cache::builder().clock(clock.clone()).remote_budget(Duration::from_hours(1));
    let cache = builder().remote(remote.clone()).build();
    let elsewhere = builder().no_local().remote(remote.inner().clone()).build();
    let key = Key::from("value");
    assert_eq!(call(&elsewhere, &key).load(async { 1 }).await, 1);
    clock.advance(Duration::from_secs(12));
    let change = || cache.flights().doubt(&key, || cache.remove(&key));

    remote.once(Method::GetOrSet, Fault::Hang);
    let mut loads = Box::pin(call(&cache, &key).unless(|_| true).load(async { 2 }));
    poll_once(&mut loads);
    change();
    remote.once(Method::Get, Fault::Hang);
    let mut replaces = Box::pin(call(&cache, &key).load(async { panic!("2 has been loaded") }));
    poll_once(&mut replaces);
    // Elsewhere the value is invalidated, and loaded.
    remote.inner().plant("cache:value", &b"\xC1L0123456789abcdef"[..], Duration::from_mins(1));
    change();
    remote.heal();
    assert_eq!(loads.await, 2);
    assert_eq!(replaces.await, 2);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (0, 2, 1));
}

/// Who invalidates the key elsewhere changes no cell by which a `local` load could be told.
#[tokio::test]
async fn whose_values_are_shared_with_other_processes_joins_no_load_whose_value_is_not() {
    let remote = MemoryRemote::new();
    let cache = Cache::builder().remote(remote.clone()).build();
    let elsewhere = Cache::builder().no_local().remote(remote).build();
    let key = Key::from("value");
    let read = |policy, value| {
        let body = async move {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            Ok::<u64, ()>(value)
        };
        Box::pin(cache.get_or_load(key.clone(), policy, body))
    };
    let mut local = read(Policy::new().local(), 1);
    poll_once(&mut local);
    elsewhere.invalidate(&key).await.unwrap();
    let shared = read(Policy::new(), 2);
    assert_eq!(tokio::join!(local, shared), (Ok(1), Ok(2)));
}

/// Where there is no local tier, and a new value was tried to be loaded a short while ago.
#[tokio::test]
async fn each_one_of_those_who_share_a_stale_value_is_counted() {
    let clock = FakeClock::new();
    let remote = Faulty::new(MemoryRemote::with_clock(&clock));
    let cache = Cache::builder().no_local().remote(remote.clone()).clock(clock.clone()).build();
    let key = Key::from("value");
    let read = || Box::pin(call(&cache, &key).unless(|_| true).load(async { 2 }));
    assert_eq!(call(&cache, &key).load(async { 1 }).await, 1);
    clock.advance(Duration::from_secs(12));
    // It replaces the value, and leaves in the middle of it.
    remote.once(Method::Get, Fault::Hang);
    let mut replaces = read();
    poll_once(&mut replaces);
    drop(replaces);
    remote.on(Method::GetOrSet, Fault::Hang);
    let mut reads = [read(), read()];
    reads.iter_mut().for_each(poll_once);
    remote.heal();
    for read in reads {
        assert_eq!(read.await, 1);
    }
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.stale_hits, stats.joins), (2, 2, 1));
}

/// Calls by hand are of one site, and bring a policy each.
#[tokio::test]
async fn who_wants_no_stale_value_takes_none_from_another_call() {
    let clock = FakeClock::new();
    let remote = Faulty::new(MemoryRemote::with_clock(&clock));
    let cache = Cache::builder().no_local().remote(remote.clone()).clock(clock.clone()).build();
    let key = Key::from("value");
    assert_eq!(call(&cache, &key).load(async { 1 }).await, 1);
    clock.advance(Duration::from_secs(12));
    remote.once(Method::Get, Fault::Hang);
    let mut replaces = Box::pin(call(&cache, &key).load(async { 2 }));
    poll_once(&mut replaces);
    drop(replaces);
    remote.on(Method::GetOrSet, Fault::Hang);
    let mut stale = Box::pin(call(&cache, &key).load(async { 2 }));
    let mut fresh = Box::pin(plain(&cache, &key).load(async { 3 }));
    poll_once(&mut stale);
    poll_once(&mut fresh);
    remote.heal();
    assert_eq!(stale.await, 1);
    assert_eq!(fresh.await, 3, "its policy: ten seconds, and nothing stale");
}

/// It was read before the invalidation; a flight that others may join again says nothing of when.
#[tokio::test(start_paused = true)]
async fn what_one_of_several_found_before_an_invalidation_elsewhere_is_given_to_nobody_after_it() {
    let key = Key::from("value");
    let (cache, remote) = remote_alone(&key).await;
    let elsewhere = Cache::builder().no_local().remote(remote.inner().clone()).build();
    remote.once(Method::Get, Fault::HoldReply);
    let mut leader = Box::pin(plain(&cache, &key).load(pending()));
    poll_once(&mut leader);
    let mut finds = Box::pin(plain(&cache, &key).load(pending()));
    poll_once(&mut finds);
    let others = (0..7).map(|_| Box::pin(plain(&cache, &key).load(pending())));
    let mut others: Vec<_> = others.collect();
    others.iter_mut().for_each(poll_once);
    drop(leader); // now all eight may look
    remote.once(Method::Get, Fault::HoldReply);
    poll_once(&mut finds);
    elsewhere.invalidate(&key).await.unwrap();
    let mut other = Box::pin(plain(&elsewhere, &key).load(pending()));
    poll_once(&mut other); // it holds the lease
    cache.flights().doubt(&key, || {}); // the feed tells of it
    others.iter_mut().for_each(poll_once); // they load, over the lease that they see
    let mut reader = Box::pin(plain(&cache, &key).load(async { 2 }));
    let read = reader.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    remote.heal();
    assert_eq!(finds.await, 1, "it began before");
    let read = match read {
        Poll::Ready(read) => read,
        Poll::Pending => reader.await,
    };
    assert_eq!(read, 2, "it began after the invalidation");
}

/// The same, of two that look, where the flight has landed when the reader has looked.
#[tokio::test(start_paused = true)]
async fn what_one_of_two_found_before_an_invalidation_elsewhere_is_no_outcome_for_who_reads_after_it()
 {
    let key = Key::from("value");
    let (cache, remote) = remote_alone(&key).await;
    let elsewhere = Cache::builder().no_local().remote(remote.inner().clone()).build();
    remote.once(Method::Get, Fault::HoldReply);
    let mut leader = Box::pin(plain(&cache, &key).load(pending()));
    poll_once(&mut leader);
    let mut finds = Box::pin(plain(&cache, &key).load(pending()));
    poll_once(&mut finds);
    let mut loads = Box::pin(plain(&cache, &key).load(pending()));
    poll_once(&mut loads);
    drop(leader); // now both may look
    remote.once(Method::Get, Fault::HoldReply);
    poll_once(&mut finds);
    elsewhere.invalidate(&key).await.unwrap();
    let mut other = Box::pin(plain(&elsewhere, &key).load(pending()));
    poll_once(&mut other); // it holds the lease
    cache.flights().doubt(&key, || {}); // the feed tells of it
    poll_once(&mut loads); // over the lease that it sees
    remote.once(Method::Get, Fault::HoldReply);
    let mut reader = Box::pin(plain(&cache, &key).load(async { 2 }));
    poll_once(&mut reader);
    remote.heal();
    assert_eq!(finds.await, 1, "it began before");
    assert_eq!(reader.await, 2, "it began after the invalidation");
}

/// Panics as it is dropped, once it is told to: one of it, once.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Fragile(u64);

static FRAGILE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

impl Drop for Fragile {
    fn drop(&mut self) {
        let is_told_to = self.0 == 0 && FRAGILE.swap(false, SeqCst);
        assert!(!is_told_to, "a fault in the code of a value");
    }
}

#[tokio::test]
async fn one_value_that_panics_as_it_is_evicted_costs_no_caller_a_value() {
    let cache = Cache::builder().local(crate::Moka::new().capacity(4)).no_remote().build();
    let load = |number: u64| {
        let (cache, key) = (cache.clone(), Key::new("fragile").part(&number));
        let load = async move { Ok::<_, String>(Fragile(number)) };
        async move { cache.get_or_load(key, Policy::new(), load).await.map(|value| value.0) }
    };
    assert_eq!(tokio::spawn(load(0)).await.unwrap(), Ok(0));
    FRAGILE.store(true, SeqCst);
    let mut panicked = 0;
    for number in 1..2_000 {
        match tokio::spawn(load(number)).await {
            Ok(value) => assert_eq!(value, Ok(number)),
            Err(_) => panicked += 1,
        }
    }
    assert!(!FRAGILE.load(SeqCst), "it was dropped");
    assert_eq!(panicked, 0, "callers that were given a panic");
}
