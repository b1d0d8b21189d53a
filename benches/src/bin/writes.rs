//! What a write costs its caller: directly, through the cache, and behind it.

use std::error::Error;
use std::path::Path;

use cache_benches::flags::Flags;
use cache_benches::machine;
use cache_benches::redis_server::RedisServer;
use cache_benches::report::{self, Report, Row, Spread};
use cache_benches::turns;
use cache_benches::workload::Random;
use cache_benches::writes::{self, Case, KEYS};
use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "\
usage: writes [--rounds N] [--calls N] [--only WORD,…] [--json FILE]

  --rounds N    turns of each case
  --calls N     writes a turn
  --only WORDS  of sequence and flight
  --json FILE   keeps the figures, such as in docs/benchmarks/writes.json";

const TASKS: usize = 16;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let flags = Flags::read(USAGE);
    let (rounds, calls) = (flags.number("rounds", 20), flags.number("calls", 400));
    println!("{}, {rounds} rounds of {calls} writes", machine::line());
    let server = RedisServer::start()?;
    let directory = std::env::temp_dir().join(format!("cache-writes-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    writes::open(&directory)?;
    let cases = writes::cases(&server.url(), &directory)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut reports = Vec::new();
    if flags.wants("sequence") {
        let samples = measure(&runtime, &cases, rounds, calls, None);
        reports.push(report(&cases, samples, "a write, one after another", "µs"));
    }
    if flags.wants("flight") {
        let samples = measure(&runtime, &cases, rounds, calls, Some(TASKS));
        let title = format!("writes, {TASKS} in flight (above 1.00 is faster)");
        reports.push(report(&cases, samples, &title, "1,000/s"));
    }
    reports.iter().for_each(Report::print);
    if let Some(file) = flags.text("json") {
        report::write(Path::new(file), "writes", rounds, &reports)?;
    }
    drop(runtime);
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

fn measure(
    runtime: &Runtime,
    cases: &[Case],
    rounds: usize,
    calls: usize,
    tasks: Option<usize>,
) -> Vec<Vec<f64>> {
    turns::take(rounds, cases.len(), |turn| {
        let case = &cases[turn.case];
        let mut random = Random::new(turn.draw);
        let ids: Vec<u64> = (0..calls).map(|_| random.next() % KEYS).collect();
        runtime.block_on(async {
            let sample = match tasks {
                None => case.in_sequence(&ids).await,
                Some(tasks) => case.in_flight(&ids, tasks).await,
            };
            case.settle().await;
            sample
        })
    })
}

fn report(cases: &[Case], samples: Vec<Vec<f64>>, title: &str, unit: &'static str) -> Report {
    let rows = cases.iter().zip(samples);
    let rows = rows.map(|(case, samples)| Row { name: case.name, samples, loads: 0 });
    Report {
        title: title.to_owned(),
        unit,
        spread: Spread::Middle,
        bases: vec!["direct"],
        rows: rows.collect(),
    }
}
