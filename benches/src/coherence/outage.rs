//! What a call costs while the breaker keeps it from a Redis that doesn't answer.

use std::error::Error;
use std::hint::black_box;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_runtime::{Cache, Moka, cached};
use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::{LIMIT, micros, redis};
use crate::peers::redis::url;
use crate::report::{Report, Row, Spread};
use crate::turns;
use crate::workload::LoadError;

/// With rests in between the calls last for seconds, and the breaker's probes are among them.
const CALLS_IN_A_ROW: u64 = 64;
const REST: Duration = Duration::from_millis(5);

const BARE: &str = "the bare body";

const CASES: [&str; 4] = [
    BARE,
    "ours, cold key, no remote tier",
    "ours, cold key, Redis frozen, breaker open",
    "ours, cold key, nobody listens, breaker open",
];

static LOCAL: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().local(Moka::new()).no_remote().build());

static FROZEN: LazyLock<Cache> = LazyLock::new(|| both_tiers(url()));

/// Port 1 of the loopback refuses connections, unless somebody runs `tcpmux`.
static NOBODY: LazyLock<Cache> = LazyLock::new(|| both_tiers("redis://127.0.0.1:1"));

fn both_tiers(url: &str) -> Cache {
    Cache::builder().namespace("outage").local(Moka::new()).remote(redis(url)).build()
}

async fn body(id: u64) -> Result<u64, LoadError> {
    Ok(black_box(id))
}

#[cached(ttl = 60, key = "cold:<id>", cache = LOCAL)]
async fn with_no_remote(id: u64) -> Result<u64, LoadError> {
    body(id).await
}

#[cached(ttl = 60, key = "cold:<id>", cache = FROZEN)]
async fn with_frozen(id: u64) -> Result<u64, LoadError> {
    body(id).await
}

#[cached(ttl = 60, key = "cold:<id>", cache = NOBODY)]
async fn with_nobody(id: u64) -> Result<u64, LoadError> {
    body(id).await
}

/// Waits until both breakers are open, and times single calls. The server must be frozen.
pub fn measure(runtime: &Runtime, rounds: usize) -> Result<Report, Box<dyn Error + Send + Sync>> {
    runtime.block_on(open_breakers())?;
    let opened = [&FROZEN, &NOBODY].map(|cache| openings(cache));
    let samples = turns::take(rounds, CASES.len(), |turn| runtime.block_on(one_call(turn.case)));
    if opened != [&FROZEN, &NOBODY].map(|cache| openings(cache)) {
        return Err("a breaker closed meanwhile".into());
    }
    Ok(Report {
        title: "a call while Redis is out of reach".to_owned(),
        unit: "µs",
        spread: Spread::Tail,
        bases: vec![BARE],
        rows: CASES
            .iter()
            .zip(samples)
            .map(|(name, samples)| Row { name, samples, loads: 0 })
            .collect(),
    })
}

async fn one_call(case: usize) -> f64 {
    let id = cold_id();
    let start = Instant::now();
    let answer = match case {
        0 => body(black_box(id)).await,
        1 => with_no_remote(black_box(id)).await,
        2 => with_frozen(black_box(id)).await,
        _ => with_nobody(black_box(id)).await,
    };
    let took = micros(start.elapsed());
    assert!(answer.is_ok_and(|answer| answer == id), "{} gave something else", CASES[case]);
    // The tasks that try to connect have their turn between calls, as on a runtime that is in use.
    yield_now().await;
    if id.is_multiple_of(CALLS_IN_A_ROW) {
        sleep(REST).await;
    }
    took
}

/// An id that nobody has asked for.
fn cold_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn open_breakers() -> Result<(), Box<dyn Error + Send + Sync>> {
    let start = Instant::now();
    while !(is_open(&FROZEN) && is_open(&NOBODY)) {
        with_frozen(cold_id()).await?;
        with_nobody(cold_id()).await?;
        sleep(Duration::from_millis(1)).await;
        if start.elapsed() > LIMIT {
            return Err("a breaker did not open".into());
        }
    }
    Ok(())
}

fn is_open(cache: &Cache) -> bool {
    let (opened, closed) = openings(cache);
    opened > closed
}

fn openings(cache: &Cache) -> (u64, u64) {
    let stats = cache.stats();
    (stats.breaker_opened, stats.breaker_closed)
}

/// Connects while the server still answers, as a program would have.
pub fn connect(runtime: &Runtime) -> Result<(), LoadError> {
    runtime.block_on(with_frozen(cold_id())).map(drop)
}
