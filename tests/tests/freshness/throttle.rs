//! A source that is down sees one load a key in each throttle window, and nobody an error.

use std::time::Duration;

use cache_runtime::ErrorKind;
use cache_runtime::testing::{Fault, Method};
use cache_tests::{Source, Tiers};

use super::{Aged, EXPIRED, STALE, value};

const WINDOW: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_source_that_is_down_for_the_whole_stale_window_is_asked_once_a_throttle_window() {
    Aged::by(STALE, async |aged| {
        aged.source.fail();
        let (mut age, mut windows) = (STALE, 0);
        while age < EXPIRED {
            for _ in 0..5 {
                assert_eq!(aged.read_later().await, Ok(1));
            }
            windows += 1;
            assert_eq!(aged.loads(), 1 + windows, "at the age of {age:?}");
            aged.tiers.clock.advance(WINDOW);
            age += WINDOW;
        }
        assert!(aged.read().await.is_err(), "past the window its callers learn of it");
        aged.source.recover();
        aged.source.update();
        assert_eq!(aged.read_later().await, Ok(2));
    })
    .await;
}

#[tokio::test]
async fn once_the_source_is_back_one_throttle_window_later_the_value_is_new() {
    Aged::by(STALE, async |aged| {
        aged.source.fail();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!(aged.read_later().await, Ok(1));
        aged.source.recover();
        aged.source.update();
        assert_eq!(aged.read_later().await, Ok(1), "nobody tries within the window");
        assert_eq!(aged.loads(), 2);
        aged.tiers.clock.advance(WINDOW);
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 3));
    })
    .await;
}

#[tokio::test]
async fn of_all_processes_one_tries_in_a_throttle_window() {
    let here = Tiers::new("both");
    let there = here.another();
    here.told().await;
    there.told().await;
    let source = Source::new();
    let read = async |tiers: &Tiers| {
        tiers.landed().await;
        let version = tiers.cache.scope(value(source.clone(), 1)).await;
        tiers.landed().await;
        version
    };
    assert_eq!((read(&here).await, read(&there).await), (Ok(1), Ok(1)));
    here.clock.advance(STALE);
    source.fail();
    for window in 1..4 {
        for tiers in [&there, &here, &there] {
            assert_eq!(read(tiers).await, Ok(1));
        }
        assert_eq!(source.loads(), 1 + window);
        here.clock.advance(WINDOW);
    }
}

#[tokio::test]
async fn without_the_fleets_right_each_process_tries_once_a_throttle_window() {
    Aged::by(STALE, async |aged| {
        // As where an ACL forbids the name beside the namespace, and nothing else.
        aged.source.fail();
        for window in 1..4 {
            assert_eq!(aged.read().await, Ok(1));
            if aged.tiers.name != "local" {
                // What the read has begun runs on this thread, once this task waits.
                aged.tiers.remote.once(Method::GetOrSet, Fault::Fail(ErrorKind::Unsupported));
            }
            for _ in 0..3 {
                assert_eq!(aged.read_later().await, Ok(1));
            }
            assert_eq!(aged.loads(), 1 + window, "in window {window}");
            aged.tiers.clock.advance(WINDOW);
        }
    })
    .await;
}

#[tokio::test]
async fn within_the_window_a_read_asks_for_the_value_and_for_nothing_else() {
    Aged::by(STALE, async |aged| {
        aged.source.fail();
        assert_eq!(aged.read().await, Ok(1));
        aged.tiers.landed().await;
        for _ in 0..3 {
            aged.tiers.remote.forget_calls();
            assert_eq!(aged.read_later().await, Ok(1));
            aged.tiers.landed().await;
            let calls = usize::from(aged.tiers.name == "remote");
            assert_eq!(aged.tiers.remote.calls().len(), calls, "{:?}", aged.tiers.remote.calls());
        }
    })
    .await;
}

#[tokio::test]
async fn the_window_is_the_caches() {
    let tiers = Tiers::built("local", |builder| builder.refresh_throttle(Duration::from_secs(3)));
    let source = Source::new();
    let read = async || {
        let version = tiers.cache.scope(value(source.clone(), 1)).await;
        tiers.landed().await;
        version
    };
    assert_eq!(read().await, Ok(1));
    tiers.clock.advance(STALE);
    source.fail();
    for (second, loads) in [(0, 2), (1, 2), (2, 2), (3, 3)] {
        assert_eq!((read().await, source.loads()), (Ok(1), loads), "in second {second}");
        tiers.clock.advance(WINDOW);
    }
}

#[tokio::test]
async fn where_the_right_to_replace_is_refused_a_process_tries_once_a_window() {
    Aged::by(STALE, async |aged| {
        if aged.tiers.name != "both" {
            return;
        }
        aged.tiers.remote.on(Method::GetOrSet, Fault::Fail(ErrorKind::Unsupported));
        aged.source.fail();
        for window in 1..4 {
            for _ in 0..5 {
                assert_eq!(aged.read_later().await, Ok(1));
            }
            aged.tiers.landed().await;
            assert_eq!(aged.loads(), 1 + window);
            aged.tiers.clock.advance(WINDOW);
        }
    })
    .await;
}
