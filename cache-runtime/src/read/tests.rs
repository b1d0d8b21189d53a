//! What happens between the lookup of a call and its first poll, which no caller can come in between.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::cache::Cache;
use crate::call_site::Site;
use crate::error::ErrorKind;
use crate::key::{Key, KeyWriter};
use crate::lookup::{Looking, Lookup};
use crate::policy::Policy;
use crate::read::Call;
use crate::returns::{Returns, Shape};
use crate::sync::Mutex;
use crate::testing::{FakeClock, Fault, Faulty, MemoryRemote, Method};

static SITE: Site = Site::new("tests", "value", "value", Policy::new());

const POLICY: Policy = Policy::new().ttl_secs(10).stale_secs(20);

fn call(cache: &Cache, key: &Key) -> Call<impl Shape<Return = u64> + use<>> {
    let shape = Returns::<u64>::new().kind().errors().serde();
    let owner = SITE.address();
    match (Looking { site: &SITE, owner, cache, policy: &POLICY, shape }).up_written(key.borrowed())
    {
        Lookup::Miss(call) => call,
        Lookup::Hit(value) => panic!("{value} is a hit"),
    }
}

#[tokio::test]
async fn what_a_call_found_before_an_invalidation_is_offered_to_nobody_after_it() {
    let clock = FakeClock::new();
    let cache = Cache::builder().no_remote().clock(clock.clone()).build();
    let key = Key::from("value");
    assert_eq!(call(&cache, &key).load(async { 1 }).await, 1);
    clock.advance(Duration::from_secs(12));
    let stale = call(&cache, &key);
    cache.invalidate(&key).await.unwrap();
    assert_eq!(stale.detached(pending()).await, 1, "it began before");
    assert_eq!(call(&cache, &key).detached(async { 2 }).await, 2);
}

fn poll_once<T>(future: &mut Pin<Box<impl Future<Output = T>>>) {
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

/// As in a stream that is `buffered`, while its consumer is busy: the load, and those that wait for it,
/// are there and nobody polls them. Invariant 5: no waiter hangs.
#[tokio::test(start_paused = true)]
async fn no_waiter_hangs_on_those_that_nobody_polls() {
    for crowd in [1, 100] {
        let cache = Cache::builder().no_remote().build();
        let key = Key::from("value");
        let stuck = stuck(&cache, &key, crowd);
        let next = call(&cache, &key).load(async { 3 });
        let ended = tokio::time::timeout(Duration::from_hours(24), next).await;
        assert_eq!(ended.ok(), Some(3), "`max_load` is a minute, and a day has passed");
        drop(stuck);
    }
}

/// The same, where they are of a runtime that nobody drives.
#[test]
fn no_waiter_hangs_on_those_of_another_runtime() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let (idle, driven) = (runtime(), runtime());
    let cache = Cache::builder().no_remote().build();
    let key = Key::from("value");
    let stuck = idle.block_on(async { stuck(&cache, &key, 100) });
    let next = driven.block_on(async {
        let next = call(&cache, &key).load(async { 3 });
        tokio::time::timeout(Duration::from_hours(24), next).await
    });
    assert_eq!(next.ok(), Some(3), "`max_load` is a minute, and a day has passed");
    drop(stuck);
}

/// A timer that is polled by a task which has done enough for now has that task woken, as if its time had
/// come.
#[tokio::test(start_paused = true)]
async fn a_task_that_has_done_enough_for_now_ends_nobodys_wait() {
    use tokio::task::coop::{consume_budget, has_budget_remaining};

    let cache = Cache::builder().no_remote().build();
    let key = Key::from("value");
    let loads = Arc::new(AtomicU64::new(0));
    let mut crowd: Vec<_> = (0..100)
        .map(|_| {
            let loads = loads.clone();
            Box::pin(call(&cache, &key).load(async move {
                loads.fetch_add(1, SeqCst);
                pending().await
            }))
        })
        .collect();
    std::future::poll_fn(|context| {
        while has_budget_remaining() {
            let _ = std::pin::pin!(consume_budget()).poll(context);
        }
        crowd.iter_mut().for_each(poll_once);
        Poll::Ready(())
    })
    .await;
    tokio::task::yield_now().await;
    crowd.iter_mut().for_each(poll_once);
    assert_eq!(loads.load(SeqCst), 1);
}

/// As with one that nobody polls: a worker that has polled them all is blocked.
#[test]
fn no_waiter_hangs_on_a_worker_that_is_blocked() {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    let cache = Cache::builder().no_remote().max_load(Duration::from_millis(50)).build();
    let key = Key::from("value");
    let (says, heard) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let blocked = runtime.spawn({
        let (cache, key) = (cache.clone(), key.clone());
        async move {
            let stuck = stuck(&cache, &key, 100);
            says.send(()).unwrap();
            // As a body does that calls something that blocks.
            let _ = released.recv();
            drop(stuck);
        }
    });
    heard.recv().unwrap();
    let next = runtime.block_on(async {
        let next = call(&cache, &key).load(async { 3 });
        tokio::time::timeout(Duration::from_secs(20), next).await
    });
    drop(release);
    runtime.block_on(blocked).unwrap();
    assert_eq!(next.ok(), Some(3), "`max_load` is 50 ms");
}

/// A load without end, and a crowd that waits for it, which are polled no more.
fn stuck(
    cache: &Cache,
    key: &Key,
    crowd: usize,
) -> Vec<Pin<Box<impl Future<Output = u64> + use<>>>> {
    let mut stuck: Vec<_> =
        (0..=crowd).map(|_| Box::pin(call(cache, key).load(pending()))).collect();
    stuck.iter_mut().for_each(poll_once);
    stuck
}

/// Who waits has a timer, or shares an alarm, and one that has ended its wait loads at last.
#[tokio::test(start_paused = true)]
async fn a_crowd_waits_for_two_loads_at_most() {
    let cache = Cache::builder().no_remote().build();
    let key = Key::from("value");
    let began = tokio::time::Instant::now();
    let stuck = stuck(&cache, &key, 0);
    let crowd = (0..100).map(|number| {
        // The first of them leads the second flight, and takes as long.
        let body = async move { if number == 0 { pending().await } else { number } };
        let call = call(&cache, &key).detached(body);
        tokio::spawn(async move { (number, call.await) })
    });
    let mut crowd: Vec<_> = crowd.collect();
    let first = crowd.remove(0);
    for member in crowd {
        let (number, value) = member.await.unwrap();
        assert_eq!(value, number, "it loaded for itself");
    }
    let waited = began.elapsed().as_secs();
    assert!((120..=135).contains(&waited), "{waited} s, where a load is waited for for a minute");
    first.abort();
    drop(stuck);
}

/// What a future hands on to another one that it awaits, it may hold twice.
#[tokio::test]
async fn a_call_and_its_body_are_held_once() {
    let cache = Cache::builder().no_remote().build();
    let call = call(&cache, &Key::from("value"));
    let (large, mut held) = ([1_u8; 1_000], size_of_val(&call));
    let body = async move { large.iter().map(|byte| u64::from(*byte)).sum::<u64>() };
    held += size_of_val(&body);
    held += size_of::<crate::read::way::Seeking<'_>>();
    let load = call.detached(body);
    assert!(size_of_val(&load) < held + 48, "{} bytes, for {held}", size_of_val(&load));
    assert_eq!(load.await, 1_000);
}

/// A key that names a generation, which another thread counts up between two renderings of one read.
#[tokio::test]
async fn a_key_that_changes_while_it_is_read_is_not_taken_for_the_next_one() {
    for counts_up_at in 1..=4 {
        let cache = Cache::builder().no_remote().build();
        let (generation, renderings) = (AtomicU64::new(1), AtomicU64::new(u64::MAX / 2));
        let shape = Returns::<u64>::new().kind().errors().serde();
        let looking =
            Looking { site: &SITE, owner: SITE.address(), cache: &cache, policy: &POLICY, shape };
        let render = |key: &mut KeyWriter| {
            key.text("list:").part(&generation.load(SeqCst));
            if renderings.fetch_add(1, SeqCst) + 1 == counts_up_at {
                generation.store(2, SeqCst); // as another thread does at this moment
            }
        };
        let read = || {
            looking.up(|key| {
                render(key);
                key
            })
        };
        match read() {
            Lookup::Miss(call) => assert_eq!(call.load(async { 1 }).await, 1),
            Lookup::Hit(_) => panic!("nothing is there"),
        }
        renderings.store(0, SeqCst);
        std::thread::scope(|scope| {
            // In a thread that has nothing at hand, and was told of no miss.
            scope.spawn(|| {
                while generation.load(SeqCst) == 1 {
                    drop(read());
                }
                let wrong = (0..1_000).filter(|_| matches!(read(), Lookup::Hit(1))).count();
                assert_eq!(wrong, 0, "reads of generation 2 were given the value of generation 1");
            });
        });
    }
}

/// A body that is begun, goes on for a while, and notes when it is dropped.
struct Body {
    steps: u32,
    notes: Notes,
}

type Notes = Arc<Mutex<Vec<&'static str>>>;

impl Future for Body {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        self.steps = match self.steps.checked_sub(1) {
            Some(steps) => steps,
            None => return Poll::Ready(7),
        };
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.notes.lock().push("the body is dropped");
    }
}

/// What a body holds until it is dropped, a connection say, is not held while its value is stored.
#[tokio::test]
async fn a_body_that_has_ended_is_dropped_before_its_value_is_stored() {
    let cache = Cache::builder().no_remote().build();
    let key = Key::from("body");
    let notes = Notes::default();
    let body = Body { steps: 2, notes: notes.clone() };
    let stores = notes.clone();
    let load = call(&cache, &key).unless(move |_| {
        stores.lock().push("it is asked what is to be stored");
        false
    });
    assert_eq!(load.load(body).await, 7);
    assert_eq!(*notes.lock(), ["the body is dropped", "it is asked what is to be stored"]);
}

/// Else the next one would find the lease there, fill over it, and be refused once it is given back.
#[tokio::test]
async fn one_that_loads_after_another_one_has_left_fills_the_remote_tier() {
    let remote = MemoryRemote::new();
    let cache = Cache::builder().namespace("left").no_local().remote(remote.clone()).build();
    let key = Key::from("value");
    let leader = tokio::spawn(call(&cache, &key).load(pending()));
    tokio::task::yield_now().await;
    assert!(remote.cell("left:value").is_some(), "it holds the lease");
    let follower = tokio::spawn(call(&cache, &key).load(async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        2
    }));
    tokio::task::yield_now().await;
    leader.abort();
    assert_eq!(follower.await.unwrap(), 2);
    assert_eq!(call(&cache, &key).load(async { 3 }).await, 2, "it is in the remote tier");
}

/// It counts its copies.
#[derive(Debug)]
struct Costly(Arc<AtomicU64>);

impl Clone for Costly {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, SeqCst);
        Self(self.0.clone())
    }
}

#[tokio::test]
async fn who_is_given_another_ones_error_clones_it_once() {
    let cache = Cache::builder().no_remote().build();
    let (key, clones) = (Key::from("error"), Arc::new(AtomicU64::new(0)));
    let shape = Returns::<Result<u64, Costly>>::new().kind().errors().serde();
    let looking =
        Looking { site: &SITE, owner: SITE.address(), cache: &cache, policy: &POLICY, shape };
    let read = || match looking.up_written(key.borrowed()) {
        Lookup::Miss(call) => call.err_ttl_secs(5),
        Lookup::Hit(value) => panic!("{value:?} is a hit"),
    };
    let failed = read().load(async { Err(Costly(clones.clone())) }).await;
    assert!(failed.is_err() && clones.load(SeqCst) == 1, "the one that is remembered");
    let remembered = read().load(async { panic!("the error is remembered") }).await;
    assert!(remembered.is_err());
    assert_eq!(clones.load(SeqCst), 2);
}

/// While the remote tier is left alone, one command at a time finds out whether it is back: one that
/// nobody polls any more would keep that from the fill.
#[tokio::test(start_paused = true)]
async fn what_keeps_a_lease_ends_with_the_body() {
    let (remote, clock) = (Faulty::new(MemoryRemote::new()), FakeClock::new());
    let builder = Cache::builder().no_local().remote(remote.clone()).clock(clock.clone());
    let cache = builder.lease(Duration::from_millis(300)).build();
    let (key, other) = (Key::from("value"), Key::from("other"));
    let (end, ended) = tokio::sync::oneshot::channel();
    let load = tokio::spawn(call(&cache, &key).load(async { ended.await.unwrap_or_default() }));
    remote.called(Method::GetOrSet, 1).await;
    tokio::task::yield_now().await;
    remote.on(Method::GetOrSet, Fault::Fail(ErrorKind::Unavailable));
    for _ in 0..5 {
        assert_eq!(call(&cache, &other).load(async { 1 }).await, 1);
    }
    tokio::task::yield_now().await; // their leases are given back, or not any more
    assert_eq!(cache.stats().breaker_opened, 1);
    clock.advance(Duration::from_secs(1));
    remote.on(Method::Extend, Fault::Hang);
    remote.called(Method::Extend, 1).await;
    assert!(end.send(7).is_ok());
    assert_eq!(load.await.unwrap(), 7);
    assert!(remote.methods().contains(&Method::Replace), "it is filled");
}

mod crowds;
mod together;
