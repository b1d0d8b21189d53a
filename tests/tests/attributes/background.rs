//! Functions of every shape whose loads run in the background.

use std::time::Duration;

use cache_runtime::{KeyPart, Timeout, cached};

use crate::{Runs, on_clock};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: u32 = 60;
const HALF: f64 = 0.5;

#[derive(Debug, Clone, PartialEq)]
struct Late;

impl From<Timeout> for Late {
    fn from(_: Timeout) -> Self {
        Self
    }
}

type Fetched<T> = Result<T, Late>;

#[derive(Clone)]
struct Service {
    tenant: u32,
}

/// Calls until `wanted` is what comes.
async fn until<T: PartialEq>(mut call: impl AsyncFnMut() -> T, wanted: T) {
    let found = async {
        while call().await != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found).await.unwrap();
}

static RUNS: Runs = Runs::new();

#[cached(key = "stale:<name>", ttl = 5, stale = "1m")]
async fn stale(name: &str) -> u32 {
    assert_eq!(name, "a");
    RUNS.run()
}

#[cached(key = "alias:<id>", ttl = 5, stale = MINUTE, timeout = "200ms", jitter = 0)]
async fn alias(id: u64) -> Fetched<u32> {
    assert!(id > 0);
    Ok(RUNS.run())
}

#[cached(key = "generic:<id>", ttl = 5, stale = Duration::from_mins(1), lock = true)]
async fn generic<T: KeyPart + Clone + Send + Sync + 'static>(id: &T) -> u32 {
    let _ = id.clone();
    RUNS.run()
}

#[cached(key = "early:<id>", ttl = 10, refresh = HALF)]
async fn early(id: u64) -> u32 {
    assert!(id > 0);
    RUNS.run()
}

impl Service {
    #[cached(key = "stale:of:<self.tenant>:<name>", ttl = 5, stale = 60, companion = of)]
    async fn stale(&self, name: &str) -> u32 {
        assert_eq!(name, "a");
        RUNS.run()
    }

    #[cached(key = "early:of:<self.tenant>", ttl = 10, refresh = 0.5, jitter = 0.0, lock = true)]
    async fn early(&self) -> Fetched<u32> {
        Ok(RUNS.run())
    }
}

#[tokio::test]
async fn a_due_value_is_served_and_replaced() {
    let (cache, clock) = on_clock();
    let service = Service { tenant: 1 };
    for_each_shape!(cache, call => {
        let first = call().await;
        clock.advance(SECOND * 6);
        assert_eq!(call().await, first);
        until(async || call().await > first, true).await;
    };
        async || stale("a").await,
        async || generic(&1).await,
        async || early(1).await,
        async || service.stale("a").await,
        async || service.early().await.unwrap()
    );
}

#[tokio::test]
async fn who_has_a_timeout_waits_for_what_comes_in_time() {
    let (cache, clock) = on_clock();
    cache
        .scope(async {
            let first = alias(1).await.unwrap();
            clock.advance(SECOND * 6);
            assert!(alias(1).await.unwrap() > first);
        })
        .await;
}

#[cached(key = "xfetch:<id>", refresh = "xfetch", jitter = 0.25)]
async fn by_chance(id: u64) -> u64 {
    id
}

#[tokio::test]
async fn xfetch_is_a_way_to_refresh() {
    let (cache, _) = on_clock();
    cache.scope(async { assert_eq!((by_chance(1).await, by_chance(1).await), (1, 1)) }).await;
}

#[cached(key = "late:<name>", hard_timeout = "2s")]
async fn late(name: &str) -> Result<String, Late> {
    std::future::pending::<()>().await;
    Ok(name.to_owned())
}

#[cached(key = "late:<id>", hard_timeout = SECOND)]
async fn late_alias(id: u64) -> Fetched<u64> {
    std::future::pending::<()>().await;
    Ok(id)
}

#[cached(key = "late:any:<id>", hard_timeout = "300ms")]
async fn late_generic<T: KeyPart + Send + Sync + 'static>(id: T) -> Fetched<Option<u64>> {
    let _id = id;
    std::future::pending().await
}

impl Service {
    #[cached(key = "late:of:<self.tenant>", hard_timeout = MINUTE)]
    async fn late(&self) -> Fetched<u32> {
        std::future::pending::<()>().await;
        Ok(self.tenant)
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_at_hand_gets_an_error() {
    crate::local();
    let service = Service { tenant: 1 };
    let cache = crate::cache();
    let all = cache.scope(async {
        assert_eq!(late("a").await, Err(Late));
        assert_eq!(late::refresh("a").await, Err(Late));
        assert_eq!(late_alias(1).await, Err(Late));
        assert_eq!(late_generic(1).await, Err(Late));
        assert_eq!(service.late().await, Err(Late));
    });
    tokio::time::timeout(Duration::from_hours(1), all).await.unwrap();
}
