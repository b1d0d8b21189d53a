//! How long it takes until Redis is in use again once it is back.

use std::error::Error;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cache_runtime::{Cache, Moka, Redis, Stats, cached};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::{LIMIT, redis};
use crate::peers::redis::url;
use crate::redis_server::RedisServer;
use crate::report::{Report, Row, Spread};
use crate::workload::LoadError;

/// Long enough for the breaker to open, and for pauses between attempts to reach their longest.
const OUTAGE: Duration = Duration::from_secs(4);

/// A service that is in use: so often somebody calls.
const CALL_EVERY: Duration = Duration::from_millis(2);

const SIGNS: [&str; 3] = ["a read is a remote hit", "the breaker is closed", "the feed is armed"];

/// How Redis goes away and comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outage {
    /// It stops in its tracks, with all connections open.
    Frozen,
    /// It dies, and another one starts on its port.
    Killed,
}

impl Outage {
    fn name(self) -> &'static str {
        match self {
            Self::Frozen => "Redis goes on after SIGSTOP",
            Self::Killed => "a killed Redis answers again",
        }
    }

    fn begin(self, server: &mut RedisServer) -> std::io::Result<()> {
        match self {
            Self::Frozen => server.freeze(),
            Self::Killed => server.kill(),
        }
    }

    fn end(self, server: &mut RedisServer) -> std::io::Result<()> {
        match self {
            Self::Frozen => server.thaw(),
            Self::Killed => server.restart(),
        }
    }
}

static REDIS: LazyLock<Redis> = LazyLock::new(|| redis(url()));

/// Every read of it goes to Redis, so that a hit is a remote one.
static REMOTE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().namespace("remote").no_local().remote(REDIS.clone()).build());

/// Has a local tier that wants to know of changes.
static BOTH: LazyLock<Cache> = LazyLock::new(|| {
    Cache::builder().namespace("both").local(Moka::new()).remote(REDIS.clone()).build()
});

#[cached(ttl = 3600, key = "user:<id>", cache = REMOTE)]
async fn in_redis(id: u64) -> Result<u64, LoadError> {
    Ok(id)
}

#[cached(ttl = 3600, key = "user:<id>", cache = BOTH)]
async fn in_both(id: u64) -> Result<u64, LoadError> {
    Ok(id)
}

/// Ends and returns the server `rounds` times.
pub fn measure(
    runtime: &Runtime,
    server: &mut RedisServer,
    outage: Outage,
    rounds: usize,
) -> Result<Report, Box<dyn Error + Send + Sync>> {
    let mut samples = vec![Vec::new(); SIGNS.len()];
    for _ in 0..rounds {
        let millis = round(runtime, server, outage)?;
        for (samples, millis) in samples.iter_mut().zip(millis) {
            samples.push(millis);
        }
    }
    Ok(Report {
        title: format!("since {}", outage.name()),
        unit: "ms",
        spread: Spread::Tail,
        bases: Vec::new(),
        rows: SIGNS
            .iter()
            .zip(samples)
            .map(|(name, samples)| Row { name, samples, loads: 0 })
            .collect(),
    })
}

fn round(
    runtime: &Runtime,
    server: &mut RedisServer,
    outage: Outage,
) -> Result<[f64; 3], Box<dyn Error + Send + Sync>> {
    runtime.block_on(until_well(Instant::now(), REMOTE.stats().remote_hits))?;
    outage.begin(server)?;
    runtime.block_on(use_for(OUTAGE))?;
    let hits = REMOTE.stats().remote_hits;
    if Signs::look(hits) != Signs::NONE {
        return Err(format!("after {OUTAGE:?} without Redis something still seems well").into());
    }
    outage.end(server)?;
    Ok(runtime.block_on(until_well(Instant::now(), hits))?)
}

/// What is well again.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Signs([bool; 3]);

impl Signs {
    const NONE: Self = Self([false; 3]);
    const ALL: Self = Self([true; 3]);

    /// Looks, where there had been `hits` remote hits.
    fn look(hits: u64) -> Self {
        let (remote, both) = (REMOTE.stats(), BOTH.stats());
        Self([remote.remote_hits > hits, is_closed(&remote), both.feed_armed > both.feed_lost])
    }
}

fn is_closed(stats: &Stats) -> bool {
    stats.breaker_closed == stats.breaker_opened
}

/// Milliseconds from `start` until each sign was seen.
async fn until_well(start: Instant, hits: u64) -> Result<[f64; 3], String> {
    let mut millis = [f64::NAN; 3];
    loop {
        call().await.map_err(|error| error.to_string())?;
        let signs = Signs::look(hits);
        for (millis, seen) in millis.iter_mut().zip(signs.0) {
            if seen && millis.is_nan() {
                *millis = start.elapsed().as_secs_f64() * 1e3;
            }
        }
        if signs == Signs::ALL {
            return Ok(millis);
        }
        if start.elapsed() > LIMIT {
            return Err(format!("of {SIGNS:?} only {signs:?} after {LIMIT:?}"));
        }
        sleep(CALL_EVERY).await;
    }
}

async fn use_for(time: Duration) -> Result<(), LoadError> {
    let start = Instant::now();
    while start.elapsed() < time {
        call().await?;
        sleep(CALL_EVERY).await;
    }
    Ok(())
}

async fn call() -> Result<(), LoadError> {
    in_redis(1).await?;
    in_both(1).await?;
    Ok(())
}
