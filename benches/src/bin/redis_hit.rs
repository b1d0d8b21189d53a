//! A warm hit in Redis over loopback: this cache, clients used by hand, and the peers.

use std::error::Error;
use std::path::Path;

use cache_benches::contender::Contender;
use cache_benches::flags::Flags;
use cache_benches::redis_hit::{in_flight, in_sequence, read};
use cache_benches::redis_server::RedisServer;
use cache_benches::report::{self, Report, Row, Spread};
use cache_benches::workload::{index, loads, zipf};
use cache_benches::{machine, peers, turns};
use tokio::runtime::{Builder, Runtime};

const USAGE: &str = "\
usage: redis_hit [--keys N] [--rounds N] [--two-threads] [--only WORD,…] [--json FILE]

  --two-threads  a runtime of two threads in place of one
  --only WORDS   only cases whose name holds one of the words
  --json FILE    keeps the figures, such as in docs/benchmarks/redis_hit.json";

/// So few that the next case's calls meet the machine in the same state.
const IN_SEQUENCE: usize = 50;
const BATCHES: usize = 8;
const IN_FLIGHT: usize = 64;
const BATCH: usize = IN_FLIGHT * 100;

fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::read(USAGE);
    let rounds = flags.number("rounds", 25);
    let keys = flags.number("keys", 1_000);
    let (threads, mut runtime) = if flags.has("two-threads") {
        (2, Builder::new_multi_thread())
    } else {
        (1, Builder::new_current_thread())
    };
    let runtime = runtime.worker_threads(threads).enable_all().build()?;
    println!("{}, {rounds} rounds, runtime of {threads} thread(s)", machine::line());

    let server = RedisServer::start()?;
    peers::redis::use_server(server.url());
    let mut clients = runtime.block_on(peers::redis_clients(keys))?;
    clients.retain(|client| flags.wants(client.name));
    let everyone: Vec<u64> = (0..keys).collect();
    for client in &clients {
        runtime.block_on(read(client, &everyone));
    }
    let reports = measure(&runtime, &clients, rounds, &zipf(keys, 100_000));
    reports.iter().for_each(Report::print);
    if let Some(file) = flags.text("json") {
        report::write(Path::new(file), "redis_hit", rounds, &reports)?;
    }
    Ok(())
}

fn measure(runtime: &Runtime, clients: &[Contender], rounds: usize, ids: &[u64]) -> [Report; 2] {
    let mut spoiled = vec![0; clients.len()];
    let mut take = |rounds, calls, measure: &dyn Fn(&Contender, &[u64]) -> f64| {
        turns::take(rounds, clients.len(), |turn| {
            let (client, before) = (&clients[turn.case], loads());
            let start = index(turn.draw, ids.len() - calls);
            let batch = &ids[start..start + calls];
            runtime.block_on(read(client, &batch[..IN_SEQUENCE / 5]));
            let sample = measure(client, batch);
            spoiled[turn.case] += loads() - before;
            sample
        })
    };
    let latency = take(rounds * BATCHES, IN_SEQUENCE, &|client, ids| {
        runtime.block_on(in_sequence(client, ids))
    });
    let throughput =
        take(rounds, BATCH, &|client, ids| runtime.block_on(in_flight(client, ids, IN_FLIGHT)));
    let report = |title: &str, unit, samples: Vec<Vec<f64>>| Report {
        title: format!("Redis hit, {title}"),
        unit,
        spread: Spread::Middle,
        bases: vec![peers::redis::DECODED, peers::redis::BYTES],
        rows: clients
            .iter()
            .zip(samples)
            .zip(&spoiled)
            .map(|((client, samples), &loads)| Row { name: client.name, samples, loads })
            .collect(),
    };
    [report("one after another", "µs", latency), report("64 in flight", "thousand/s", throughput)]
}
