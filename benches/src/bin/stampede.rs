//! A thousand tasks, or more, on one cold key, in one process and in two that share a Redis.

use std::error::Error;
use std::path::Path;

use cache_benches::flags::Flags;
use cache_benches::redis_server::RedisServer;
use cache_benches::report::{self, Report, Row, Spread};
use cache_benches::stampede::{BODY, Fleet, Outcome, ROLE, rush, serve};
use cache_benches::{machine, peers};

const USAGE: &str = "\
usage: stampede [--tasks N] [--rounds N] [--only WORD,…] [--json FILE]

  --only WORDS  only cases whose name holds one of the words
  --json FILE   keeps the figures, such as in docs/benchmarks/stampede.json

  --as-one-of-several and --url are for the processes it starts itself";

const PROCESSES: usize = 2;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::read(USAGE);
    let (tasks, rounds) = (flags.number("tasks", 1_000), flags.number("rounds", 3));
    if let Some(url) = flags.text("url") {
        peers::redis::use_server(url.to_owned());
    }
    if flags.has(ROLE.trim_start_matches("--")) {
        return member(&flags, tasks, rounds).await;
    }
    println!("{}, {tasks} tasks, a body of {} ms", machine::line(), BODY.as_millis());
    let mut reports = Vec::from(one_process(&flags, tasks, rounds).await?);
    reports.extend(several(&flags, tasks, rounds).await?);
    reports.iter().for_each(Report::print);
    if let Some(file) = flags.text("json") {
        report::write(Path::new(file), "stampede", rounds, &reports)?;
    }
    Ok(())
}

/// The outcomes of one contender, by round.
type Outcomes = (&'static str, Vec<Outcome>);

async fn one_process(
    flags: &Flags,
    tasks: usize,
    rounds: usize,
) -> Result<[Report; 3], Box<dyn Error>> {
    let mut peers = peers::stampedes().await?;
    peers.retain(|peer| flags.wants(peer.name));
    let mut all: Vec<Outcomes> = peers.iter().map(|peer| (peer.name, Vec::new())).collect();
    // They take turns: what the machine does beside it meets all of them.
    for id in (0..).take(rounds) {
        for (peer, (_, outcomes)) in peers.iter().zip(&mut all) {
            outcomes.push(rush(peer, tasks, id).await);
        }
    }
    let after = |outcome: &Outcome| outcome.after.unwrap_or(f64::NAN);
    let [runs, total] = report("one process", &all);
    let after = one_report("one process", AFTER, "ms", &all, after);
    Ok([runs, total, after])
}

async fn several(
    flags: &Flags,
    tasks: usize,
    rounds: usize,
) -> Result<[Report; 2], Box<dyn Error>> {
    let server = RedisServer::start()?;
    let share = (tasks / PROCESSES).to_string();
    let (url, rounds_text) = (server.url(), rounds.to_string());
    let mut arguments = vec!["--url", &url, "--tasks", &share, "--rounds", &rounds_text];
    if let Some(only) = flags.text("only") {
        arguments.extend(["--only", only]);
    }
    peers::redis::use_server(url.clone());
    let mut fleet = Fleet::start(PROCESSES, &arguments)?;
    let mut all: Vec<Outcomes> = Vec::new();
    for peer in peers::fleet_stampedes().await?.iter().filter(|peer| flags.wants(peer.name)) {
        let outcomes = (0..rounds).map(|_| fleet.run()).collect::<std::io::Result<_>>()?;
        all.push((peer.name, outcomes));
    }
    Ok(report(&format!("{PROCESSES} processes over Redis"), &all))
}

/// What a process of the fleet does: the same contenders, in the same order.
async fn member(flags: &Flags, tasks: usize, rounds: usize) -> Result<(), Box<dyn Error>> {
    for peer in peers::fleet_stampedes().await?.iter().filter(|peer| flags.wants(peer.name)) {
        // Its connection is no part of the figure.
        peer.ask(1_000_000 + u64::from(std::process::id())).await;
        serve(peer, tasks, (0..).take(rounds)).await;
    }
    Ok(())
}

fn report(title: &str, all: &[Outcomes]) -> [Report; 2] {
    for (name, outcomes) in all {
        let failed: usize = outcomes.iter().map(|outcome| outcome.failed).sum();
        if failed > 0 {
            eprintln!("{name}: {failed} tasks got no value");
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "there are a few thousand tasks")]
    let runs = |outcome: &Outcome| outcome.runs as f64;
    [
        one_report(title, "how often the body ran", "runs", all, runs),
        one_report(title, "until the last task had its value", "ms", all, |outcome| outcome.millis),
    ]
}

/// What it takes to wake a crowd, and for each of it to take its value.
const AFTER: &str = "from the end of the body until the last task had its value";

fn one_report(
    title: &str,
    what: &str,
    unit: &'static str,
    all: &[Outcomes],
    sample: impl Fn(&Outcome) -> f64,
) -> Report {
    let row = |(name, outcomes): &Outcomes| Row {
        name,
        samples: outcomes.iter().map(&sample).collect(),
        loads: 0,
    };
    Report {
        title: format!("stampede, {title}: {what}"),
        unit,
        spread: Spread::Middle,
        bases: Vec::new(),
        rows: all.iter().map(row).collect(),
    }
}
