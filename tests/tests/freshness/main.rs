//! How long a value lives, and what happens around its end: each state of an entry against each
//! event, as `docs/freshness.md` tells them, on a clock that tests move.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod by_hand;
mod due;
mod error;
mod expired;
mod fresh;
mod jitter;
mod manners;
mod none;
mod overtaken;
mod processes;
mod replaced;
mod stale;
mod throttle;
mod timeouts;
mod ttl;
mod xfetch;

use std::time::Duration;

use cache_runtime::testing::Fault;
use cache_runtime::{ErrorKind, SiteStats, cached};
use cache_tests::{Down, Source, Tiers, eventually, on_all_tiers};

/// Fresh for 8 s, due for 2 s more, then stale for 20 s, then expired.
#[cached(key = "value:<id>", ttl = 10, refresh = 0.8, stale = 20)]
async fn value(source: Source, id: u64) -> Result<u64, Down> {
    source.try_load().await
}

const FRESH: Duration = Duration::from_secs(4);
const DUE: Duration = Duration::from_millis(8_200);
const STALE: Duration = Duration::from_secs(12);
/// The last moment at which it is stale.
const LAST: Duration = Duration::from_millis(29_999);
const EXPIRED: Duration = Duration::from_secs(30);

/// A value of version 1 that was loaded a while ago, and its source.
struct Aged {
    tiers: Tiers,
    source: Source,
}

impl Aged {
    /// Runs `test` on each combination of tiers.
    async fn by<F: Future<Output = ()>>(age: Duration, test: impl Fn(Self) -> F) {
        on_all_tiers(async |tiers| {
            let aged = Self { tiers, source: Source::new() };
            assert_eq!(aged.read().await, Ok(1));
            aged.tiers.landed().await;
            aged.tiers.clock.advance(age);
            test(aged).await;
        })
        .await;
    }

    /// Runs `test` at each age.
    async fn by_each<F: Future<Output = ()>>(
        ages: impl IntoIterator<Item = Duration>,
        test: impl Fn(Self) -> F,
    ) {
        for age in ages {
            eprintln!("at the age of {age:?}");
            Self::by(age, &test).await;
        }
    }

    async fn read(&self) -> Result<u64, Down> {
        value(self.source.clone(), 1).await
    }

    /// A read in a task of its own.
    fn reading(&self) -> tokio::task::JoinHandle<Result<u64, Down>> {
        let (cache, source) = (self.tiers.cache.clone(), self.source.clone());
        tokio::spawn(async move { cache.scope(value(source, 1)).await })
    }

    /// Reads once no load is under way.
    async fn read_later(&self) -> Result<u64, Down> {
        self.tiers.landed().await;
        self.read().await
    }

    async fn invalidate(&self) {
        value::entry(&1).invalidate().await.unwrap();
    }

    async fn put(&self, version: u64) {
        value::entry(&1).put(version).await.unwrap();
    }

    /// Lets the remote tier, if there is one, answer nothing and tell nothing.
    async fn cut_off(&self) {
        cut_off(&self.tiers).await;
    }

    fn loads(&self) -> u64 {
        self.source.loads()
    }

    fn stats() -> SiteStats {
        value::stats()
    }
}

async fn cut_off(tiers: &Tiers) {
    tiers.remote.on_all(Fault::Fail(ErrorKind::Unavailable));
    let has_feed = tiers.name != "local";
    let is_lost = || async { !has_feed || tiers.cache.stats().feed_lost == 1 };
    eventually(Duration::from_secs(5), is_lost).await;
}
