//! Runtimes that end, or that nobody drives any more, in the midst of something.

use super::*;

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
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

#[test]
fn what_a_runtime_owes_that_nobody_drives_is_told_by_another() {
    let (idle, busy) = (runtime().unwrap(), runtime().unwrap());
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

#[test]
fn what_a_runtime_was_telling_that_nobody_drives_any_more_is_told_by_another() {
    let (idle, busy) = (runtime().unwrap(), runtime().unwrap());
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
    let (idle, busy) = (runtime().unwrap(), runtime().unwrap());
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
    let (idle, busy) = (runtime().unwrap(), runtime().unwrap());
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

/// Says that it is dropped.
struct Says(std::sync::mpsc::Sender<()>);

impl Drop for Says {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn who_waits_until_all_is_told_keeps_no_runtime_from_ending() {
    use std::sync::mpsc::channel;

    let tiers = Tiers::new("remote");
    tiers.remote.on_all(Fault::Fail(ErrorKind::Unavailable));
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    // What is owed has nobody who tells it.
    runtime().block_on(tiers.cache.invalidate(&Key::from("a"))).unwrap_err();
    let runtime = runtime();
    let (says, dropped) = channel();
    let (begins, begun) = channel();
    let (release, released) = channel::<()>();
    let (cache, says) = (tiers.cache.clone(), Says(says));
    runtime.spawn(async move {
        let _says = says;
        begins.send(()).unwrap();
        // It is being polled while the runtime begins to end.
        let _ = released.recv();
        let _ = cache.shutdown(Duration::from_hours(1)).await;
    });
    begun.recv().unwrap();
    let (says, ending) = channel();
    let says = Says(says);
    runtime.spawn(async move {
        let _says = says;
        std::future::pending::<()>().await;
    });
    runtime.shutdown_background();
    // The other thread has begun to: from now on nothing can be spawned.
    ending.recv().unwrap();
    drop(release);
    assert_eq!(dropped.recv_timeout(Duration::from_secs(20)), Ok(()));
}
