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

const IN_SEQUENCE: usize = 300;
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
    let mut throughput = vec![Vec::new(); clients.len()];
    let latency = turns::take(rounds, clients.len(), |turn| {
        let (client, before) = (&clients[turn.case], loads());
        let start = index(turn.draw, ids.len() - BATCH);
        let batch = &ids[start..start + BATCH];
        let sample = runtime.block_on(async {
            read(client, &batch[..IN_SEQUENCE / 10]).await;
            let micros = in_sequence(client, &batch[..IN_SEQUENCE]).await;
            throughput[turn.case].push(in_flight(client, batch, IN_FLIGHT).await);
            micros
        });
        spoiled[turn.case] += loads() - before;
        sample
    });
    for samples in &mut throughput {
        samples.drain(..samples.len() - rounds);
    }
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
