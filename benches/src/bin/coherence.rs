//! How soon an invalidation is known elsewhere, what an outage costs a call, and how soon it ends.

use std::error::Error;
use std::path::Path;

use cache_benches::coherence::recovery::{self, Outage};
use cache_benches::coherence::{delay, outage};
use cache_benches::flags::Flags;
use cache_benches::redis_server::RedisServer;
use cache_benches::report::{self, Report};
use cache_benches::{machine, peers};
use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "\
usage: coherence [--rounds N] [--calls N] [--outages N] [--only WORD,…] [--json FILE]

  --rounds N    invalidations
  --calls N     calls while Redis is out of reach
  --outages N   how often Redis goes away and comes back, in each of two ways
  --only WORDS  of delay, outage and recovery
  --json FILE   keeps the figures, such as in docs/benchmarks/coherence.json";

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let flags = Flags::read(USAGE);
    let rounds = flags.number("rounds", 5_000);
    let outages = flags.number("outages", 10);
    println!("{}, {rounds} invalidations, {outages} outages of a kind", machine::line());
    let mut server = RedisServer::start()?;
    peers::redis::use_server(server.url());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut reports: Vec<Report> = Vec::new();
    if flags.wants("delay") {
        reports.extend(delay::measure(&server.url(), rounds)?);
    }
    if flags.wants("outage") {
        reports.push(calls_without_redis(&runtime, &server, flags.number("calls", 80_000))?);
    }
    if flags.wants("recovery") {
        for outage in [Outage::Frozen, Outage::Killed] {
            reports.push(recovery::measure(&runtime, &mut server, outage, outages)?);
        }
    }
    reports.iter().for_each(Report::print);
    if let Some(file) = flags.text("json") {
        report::write(Path::new(file), "coherence", rounds, &reports)?;
    }
    Ok(())
}

fn calls_without_redis(
    runtime: &Runtime,
    server: &RedisServer,
    calls: usize,
) -> Result<Report, Box<dyn Error + Send + Sync>> {
    outage::connect(runtime)?;
    server.freeze()?;
    let report = outage::measure(runtime, calls);
    server.thaw()?;
    report
}
