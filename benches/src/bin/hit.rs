//! A warm hit in the process: this cache, its local tier alone, and the peers.

use std::path::Path;
use std::process::ExitCode;

use cache_benches::flags::Flags;
use cache_benches::hit::{Returns, Suite};
use cache_benches::workload::{uniform, zipf};
use cache_benches::{machine, peers, report};

const USAGE: &str = "\
usage: hit [--keys N] [--uniform] [--to TYPE] [--batch N] [--rounds N] [--threads N] [--only WORD,…]
           [--list] [--json FILE]

  --uniform     every key as often as any other (default: by Zipf)
  --to TYPE     Arc<User>, u64 or User alone
  --threads N   how many threads call at once (default: first 1, then 2)
  --only WORDS  only cases whose name holds one of the words
  --json FILE   keeps the figures, such as in docs/benchmarks/hit.json";

/// How many calls there are to draw a batch from.
const ASKED: usize = 2_000_000;

fn main() -> ExitCode {
    let flags = Flags::read(USAGE);
    let threads = flags.number("threads", 0);
    let rounds = flags.number("rounds", 60);
    println!("{}, {rounds} rounds", machine::line());
    let mut reports = Vec::new();
    for returns in [Returns::Shared, Returns::Number, Returns::Owned] {
        if flags.text("to").is_some_and(|to| to != returns.name()) {
            continue;
        }
        let keys = flags.number("keys", 10_000);
        let mut cases = peers::hits(returns, keys);
        cases.retain(|case| flags.wants(case.name));
        if flags.has("list") {
            for case in &cases {
                println!("→ {}: {}", returns.name(), case.name);
            }
            continue;
        }
        for threads in if threads == 0 { vec![1, 2] } else { vec![threads] } {
            let batch = flags.number("batch", 5_000);
            let (ids, keys) = if flags.has("uniform") {
                (uniform(keys, ASKED), format!("{keys} keys, uniform"))
            } else {
                (zipf(keys, ASKED), format!("{keys} keys, zipf"))
            };
            let mut report = Suite { ids, keys, batch, rounds, threads }.run(returns, &cases);
            report.bases = vec![peers::moka::BY_STR, peers::floor::FLOOR];
            report.print();
            reports.push(report);
        }
    }
    match flags.text("json").map(|file| report::write(Path::new(file), "hit", rounds, &reports)) {
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
