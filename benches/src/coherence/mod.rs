//! What it takes for several processes to agree, and what one does while it can't.

pub mod delay;
pub mod outage;
pub mod recovery;

use std::time::Duration;

use cache_runtime::Redis;

/// Nothing here should take so long: what does ends the measurement with an error.
const LIMIT: Duration = Duration::from_secs(20);

#[expect(clippy::expect_used, reason = "the harness made the URL")]
fn redis(url: &str) -> Redis {
    Redis::new(url).expect("a URL of the harness's own server")
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
