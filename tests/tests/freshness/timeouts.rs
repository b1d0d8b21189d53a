//! How long callers wait. Tokio's clock is paused: it moves on when all wait.

use std::time::Duration;

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{Timeout, cached};
use cache_tests::{Down, Source, Tiers};
use tokio::time::Instant;

#[derive(Debug, Clone, PartialEq)]
enum Failed {
    Down,
    Late(Timeout),
}

impl From<Down> for Failed {
    fn from(_: Down) -> Self {
        Self::Down
    }
}

impl From<Timeout> for Failed {
    fn from(timeout: Timeout) -> Self {
        Self::Late(timeout)
    }
}

#[cached(key = "slow:<id>", ttl = 10, stale = 20, timeout = "200ms", hard_timeout = "2s")]
async fn slow(source: Source, id: u64, takes: Duration) -> Result<u64, Failed> {
    let version = source.try_load().await?;
    tokio::time::sleep(takes).await;
    Ok(version)
}

/// Replaced ahead of its end, as well.
#[cached(key = "slow:<id>", ttl = 10, refresh = 0.5, stale = 20, timeout = "200ms")]
async fn slow_ahead(source: Source, id: u64) -> Result<u64, Failed> {
    Ok(source.try_load().await?)
}

/// An error that nobody else can be given.
struct Unshared;

impl From<Timeout> for Unshared {
    fn from(_: Timeout) -> Self {
        Self
    }
}

#[cached(key = "unshared:<id>", hard_timeout = "2s")]
async fn unshared(source: Source, id: u64) -> Result<u64, Unshared> {
    tokio::time::sleep(TOO_LATE).await;
    source.try_load().await.map_err(|_| Unshared)
}

#[cached(key = "hurried:<id>", ttl = 60, hard_timeout = "100ms")]
async fn hurried(source: Source, id: u64) -> Result<u64, Failed> {
    Ok(source.try_load().await?)
}

const AT_ONCE: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_millis(500);
const TOO_LATE: Duration = Duration::from_secs(5);

struct Waiting {
    tiers: Tiers,
    source: Source,
}

impl Waiting {
    async fn by<F: Future<Output = ()>>(test: impl Fn(Self) -> F) {
        for name in ["local", "remote", "both"] {
            let tiers = Tiers::new(name);
            tiers.told().await;
            let cache = tiers.cache.clone();
            eprintln!("on {name}");
            cache.scope(test(Self { tiers, source: Source::new() })).await;
        }
    }

    /// Stale, at version 1 while the source is at 2.
    async fn stale(&self) {
        assert_eq!(self.read(AT_ONCE).await.0, Ok(1));
        self.tiers.landed().await;
        self.tiers.clock.advance(Duration::from_secs(12));
        self.source.update();
    }

    /// What a read brings, and after how long.
    async fn read(&self, takes: Duration) -> (Result<u64, Failed>, Duration) {
        let began = Instant::now();
        let read = slow(self.source.clone(), 1, takes).await;
        (read, began.elapsed())
    }
}

/// Timers of tokio are as exact as a millisecond.
fn is_about(waited: Duration, expected: Duration) -> bool {
    waited >= expected && waited <= expected + Duration::from_millis(10)
}

#[tokio::test(start_paused = true)]
async fn who_has_a_stale_value_waits_for_a_load_that_ends_in_time() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        let (read, waited) = waiting.read(SOON).await;
        assert_eq!(read, Ok(2));
        assert!(is_about(waited, SOON), "{waited:?}");
        assert_eq!(slow::stats().stale_hits, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_has_a_stale_value_takes_it_when_the_load_is_late_and_that_goes_on() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        let (read, waited) = waiting.read(LATE).await;
        assert_eq!(read, Ok(1));
        assert!(is_about(waited, Duration::from_millis(200)), "{waited:?}");
        assert_eq!(slow::stats().stale_hits, 1);
        tokio::time::sleep(LATE).await;
        waiting.tiers.landed().await;
        let (read, waited) = waiting.read(AT_ONCE).await;
        assert_eq!((read, waited, waiting.source.loads()), (Ok(2), AT_ONCE, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_has_a_stale_value_takes_it_when_the_load_fails() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        waiting.source.fail();
        assert_eq!(waiting.read(AT_ONCE).await, (Ok(1), AT_ONCE));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn another_caller_waits_for_the_same_load_and_no_longer_than_the_first() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        let (first, second) = tokio::join!(waiting.read(LATE), async {
            tokio::time::sleep(SOON).await;
            waiting.tiers.clock.advance(SOON);
            waiting.read(LATE).await
        });
        assert_eq!((first.0, second.0), (Ok(1), Ok(1)));
        assert!(is_about(second.1, SOON), "{:?}", second.1);
        assert_eq!(waiting.source.loads(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_a_load_that_ends_in_time_get_its_value_then() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        let (first, second) = tokio::join!(waiting.read(SOON), waiting.read(SOON));
        for (read, waited) in [first, second] {
            assert_eq!(read, Ok(2));
            assert!(is_about(waited, SOON), "{waited:?}");
        }
        assert_eq!((waiting.source.loads(), slow::stats().joins), (2, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_load_that_has_run_for_longer_is_waited_for_by_nobody() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        waiting.read(TOO_LATE).await.0.unwrap();
        waiting.tiers.clock.advance(Duration::from_millis(200));
        for _ in 0..10 {
            assert_eq!(waiting.read(TOO_LATE).await, (Ok(1), AT_ONCE));
        }
        assert_eq!(waiting.source.loads(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_past_the_end_of_the_stale_window() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        waiting.tiers.clock.advance(Duration::from_millis(17_900));
        let (read, waited) = waiting.read(LATE).await;
        assert_eq!(read, Ok(1));
        assert!(is_about(waited, SOON), "{waited:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_gets_an_error_in_time_and_the_load_goes_on() {
    Waiting::by(async |waiting| {
        let (read, waited) = waiting.read(TOO_LATE).await;
        assert!(matches!(read, Err(Failed::Late(late)) if late.after() == Duration::from_secs(2)));
        assert!(is_about(waited, Duration::from_secs(2)), "{waited:?}");
        tokio::time::sleep(TOO_LATE).await;
        waiting.tiers.landed().await;
        assert_eq!(waiting.read(TOO_LATE).await, (Ok(1), AT_ONCE));
        assert_eq!(waiting.source.loads(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_callers_load_gets_an_error_in_time() {
    Waiting::by(async |waiting| {
        let (first, second) = tokio::join!(waiting.read(TOO_LATE), async {
            tokio::time::sleep(SOON).await;
            waiting.read(TOO_LATE).await
        });
        for (read, waited) in [first, second] {
            assert!(matches!(read, Err(Failed::Late(_))));
            assert!(is_about(waited, Duration::from_secs(2)), "{waited:?}");
        }
        tokio::time::sleep(TOO_LATE).await;
        waiting.tiers.landed().await;
        assert_eq!(waiting.source.loads(), 1, "who gave up has left no load behind");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_load_and_gives_up_does_not_load_when_that_fails() {
    Waiting::by(async |waiting| {
        waiting.source.fail();
        let read = async || unshared(waiting.source.clone(), 1).await.is_err();
        assert_eq!(tokio::join!(read(), read()), (true, true));
        tokio::time::sleep(2 * TOO_LATE).await;
        waiting.tiers.landed().await;
        assert_eq!(waiting.source.loads(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_while_the_remote_tier_is_asked_has_it_loaded_all_the_same() {
    Waiting::by(async |waiting| {
        let slowly = Fault::Delay(Duration::from_millis(150));
        waiting.tiers.remote.once(Method::GetOrSet, slowly);
        let read = hurried(waiting.source.clone(), 1).await;
        if waiting.tiers.name != "local" {
            assert!(matches!(read, Err(Failed::Late(_))));
            assert_eq!(waiting.source.loads(), 0);
            waiting.source.entered(1).await;
        }
        waiting.tiers.landed().await;
        assert_eq!(hurried::entry(&1).peek().await, Some(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn for_what_is_fresh_still_nobody_waits() {
    Waiting::by(async |waiting| {
        let read = async || slow_ahead(waiting.source.clone(), 1).await;
        assert_eq!(read().await, Ok(1));
        waiting.tiers.landed().await;
        waiting.tiers.clock.advance(Duration::from_secs(6));
        let _held = waiting.source.hold();
        let began = Instant::now();
        assert_eq!((read().await, read().await), (Ok(1), Ok(1)));
        assert_eq!(began.elapsed(), AT_ONCE);
        waiting.source.entered(2).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_within_the_time_is_the_functions_own() {
    Waiting::by(async |waiting| {
        waiting.source.fail();
        assert_eq!(waiting.read(AT_ONCE).await, (Err(Failed::Down), AT_ONCE));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_with_a_stale_value_takes_it_at_the_end_of_its_window() {
    Waiting::by(async |waiting| {
        waiting.stale().await;
        waiting.tiers.clock.advance(Duration::from_millis(17_900));
        let (first, second, ()) =
            tokio::join!(waiting.read(TOO_LATE), waiting.read(TOO_LATE), async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                waiting.tiers.clock.advance(SOON);
            });
        for (read, waited) in [first, second] {
            assert_eq!(read, Ok(1));
            assert!(is_about(waited, SOON), "{waited:?}");
        }
    })
    .await;
}

/// As `slow`, and tells the second source that it has ended.
#[cached(key = "ending:<id>", when = id > 0, hard_timeout = "2s")]
async fn ending(source: Source, id: u64, ended: Source) -> Result<u64, Failed> {
    let version = source.try_load().await?;
    tokio::time::sleep(TOO_LATE).await;
    ended.load().await;
    Ok(version)
}

#[tokio::test(start_paused = true)]
async fn a_load_past_the_cache_goes_on_too() {
    Waiting::by(async |waiting| {
        let ended = Source::new();
        let read = async |id| ending(waiting.source.clone(), id, ended.clone()).await;
        assert!(matches!(read(0).await, Err(Failed::Late(_))), "`when` is false");
        assert!(matches!(cache_runtime::bypass(read(1)).await, Err(Failed::Late(_))));
        tokio::time::sleep(TOO_LATE).await;
        assert_eq!(ended.loads(), 2);
    })
    .await;
}
