//! Past its ttl, within the stale window: served at once, and replaced.

use std::time::Duration;

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{Cache, Key, Policy, cached};
use cache_tests::{Down, Source, on_all_tiers};
use tokio::time::timeout;

use super::{Aged, EXPIRED, LAST, STALE};

/// Of the same entries, and takes nothing stale.
#[cached(key = "value:<id>", ttl = 10)]
async fn strict(source: Source, id: u64) -> Result<u64, Down> {
    source.try_load().await
}

#[tokio::test]
async fn for_a_function_without_a_stale_window_it_is_a_miss() {
    Aged::by(STALE, async |aged| {
        aged.source.update();
        assert_eq!(strict::entry(&1).peek().await, None);
        assert_eq!((strict(aged.source.clone(), 1).await, aged.loads()), (Ok(2), 2));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 2));
    })
    .await;
}

#[tokio::test]
async fn those_who_wait_for_the_remote_tier_get_what_it_holds_at_once() {
    Aged::by(STALE, async |aged| {
        if aged.tiers.name != "remote" {
            return;
        }
        let held = aged.source.hold();
        aged.tiers.remote.forget_calls();
        aged.tiers.remote.once(Method::GetOrSet, Fault::Hang);
        let readings = [aged.reading(), aged.reading(), aged.reading()];
        aged.tiers.remote.called(Method::GetOrSet, 1).await;
        aged.tiers.remote.heal();
        for reading in readings {
            let read = timeout(Duration::from_secs(20), reading).await;
            assert_eq!(read.expect("the load is held, and it waits for it").unwrap(), Ok(1));
        }
        drop(held);
        aged.tiers.landed().await;
        assert_eq!(aged.loads(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_read_is_a_stale_hit_and_replaces_it_for_those_who_come_later() {
    Aged::by(STALE, async |aged| {
        aged.source.update();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 2));
        let stats = Aged::stats();
        assert_eq!((stats.hits, stats.stale_hits, stats.misses), (2, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn it_is_peeked_at_too() {
    Aged::by(STALE, async |aged| {
        assert_eq!(super::value::entry(&1).peek().await, Some(1));
        assert_eq!(aged.loads(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_failing_load_is_nobodys_error() {
    Aged::by(STALE, async |aged| {
        aged.source.fail();
        assert_eq!(aged.read().await, Ok(1));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(1), 2));
        assert_eq!((Aged::stats().stale_hits, Aged::stats().load_errors), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn it_is_served_to_the_last_moment_of_its_window_and_no_longer() {
    Aged::by(LAST, async |aged| {
        aged.source.fail();
        assert_eq!(aged.read().await, Ok(1));
        aged.tiers.landed().await;
        aged.tiers.clock.advance(Duration::from_millis(1));
        assert!(aged.read().await.is_err());
        assert_eq!(super::value::entry(&1).peek().await, None);
    })
    .await;
}

#[tokio::test]
async fn after_an_invalidation_not_even_a_failing_load_brings_it_back() {
    Aged::by(STALE, async |aged| {
        aged.source.fail();
        aged.invalidate().await;
        assert!(aged.read().await.is_err());
        assert!(aged.read_later().await.is_err());
    })
    .await;
}

#[tokio::test]
async fn cut_off_for_longer_than_the_disconnected_ttl_it_is_served_no_more() {
    Aged::by(STALE, async |aged| {
        aged.source.update();
        aged.cut_off().await;
        aged.tiers.clock.advance(Duration::from_secs(6));
        let served = if aged.tiers.name == "local" { Ok(1) } else { Ok(2) };
        assert_eq!(aged.read().await, served);
    })
    .await;
}

#[tokio::test]
async fn cut_off_for_longer_than_the_disconnected_ttl_no_load_under_way_offers_it() {
    Aged::by(STALE, async |aged| {
        if aged.tiers.name != "both" {
            return;
        }
        aged.source.update();
        aged.cut_off().await;
        aged.tiers.clock.advance(Duration::from_millis(4_900));
        let held = aged.source.hold();
        assert_eq!(aged.read().await, Ok(1));
        aged.source.entered(2).await;
        aged.tiers.clock.advance(Duration::from_millis(200));
        let reading = aged.reading();
        tokio::task::yield_now().await;
        drop(held);
        assert_eq!((reading.await.unwrap(), aged.loads()), (Ok(2), 2));
    })
    .await;
}

/// Loads in the caller's own hands, since nothing may outlive it.
async fn load_in_place(source: &Source, load: impl AsyncFnOnce()) -> Result<u64, Down> {
    const POLICY: Policy = Policy::new().ttl_secs(10).stale_secs(20);
    let body = async {
        load().await;
        source.try_load().await
    };
    Cache::current().get_or_load(Key::new("in-place"), POLICY, body).await
}

#[tokio::test]
async fn who_loads_in_place_gets_it_if_that_fails_within_its_window_and_else_the_error() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let read = async |takes| {
            let read = load_in_place(&source, async || tiers.clock.advance(takes)).await;
            tiers.landed().await;
            // What it leaves to the runtime, such as how long nobody is to try again.
            tokio::task::yield_now().await;
            read
        };
        assert_eq!(read(Duration::ZERO).await, Ok(1));
        tiers.clock.advance(STALE);
        source.fail();
        let within = Duration::from_secs(1);
        assert_eq!(read(within).await, Ok(1));
        assert_eq!(read(EXPIRED).await, Ok(1), "nobody tries again so soon");
        tiers.clock.advance(within);
        assert_eq!(read(EXPIRED).await, Err(Down), "the window ended meanwhile");
    })
    .await;
}
