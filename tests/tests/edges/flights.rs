//! Flights that meet: one in doubt, another in its place, several loads of one, loads within loads.

use std::pin::Pin;

use super::*;

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

/// Two members of a flight that both may load, since a third one has left.
fn several<R>(tiers: &Tiers, read: impl Fn() -> Pin<Box<R>>) -> (Pin<Box<R>>, Pin<Box<R>>)
where
    R: Future<Output = u64>,
{
    tiers.remote.on(Method::Get, Fault::Hang);
    let (mut leaves, mut one, mut other) = (read(), read(), read());
    for read in [&mut leaves, &mut one, &mut other] {
        assert!(poll_once(read.as_mut()).is_pending());
    }
    drop(leaves);
    tiers.remote.heal();
    (one, other)
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
    let (mut loads, mut looks) = several(&tiers, read);
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
    let (mut loads, mut looks) = several(&tiers, read);
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
