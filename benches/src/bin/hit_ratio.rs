//! What share of a trace's calls are hits: moka and `quick_cache` by themselves, and behind the front.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;

use cache_benches::flags::Flags;
use cache_benches::hit_ratio::{cases, traces};
use cache_benches::machine;
use cache_benches::report::{self, Report, Row, Spread};

const USAGE: &str = "\
usage: hit_ratio [--rounds N] [--only WORD,…] [--json FILE]

  --rounds N    how often each trace is served: threads never interleave twice the same way
  --only WORDS  only cases whose name holds one of the words
  --json FILE   keeps the figures, such as in docs/benchmarks/hit_ratio.json";

fn main() -> ExitCode {
    let flags = Flags::read(USAGE);
    let rounds = flags.number("rounds", 3);
    println!("{}, {rounds} rounds", machine::line());
    let mut reports = Vec::new();
    for threads in [1, 4].into_iter().filter_map(NonZeroUsize::new) {
        for trace in traces() {
            let rows = cases().into_iter().filter(|case| flags.wants(case.name)).map(|case| Row {
                name: case.name,
                samples: (0..rounds)
                    .map(|_| {
                        #[expect(
                            clippy::cast_precision_loss,
                            reason = "a trace is a million calls"
                        )]
                        let [loads, calls] =
                            [(case.loads)(&trace, threads), trace.ids.len() as u64]
                                .map(|n| n as f64);
                        100.0 * (1.0 - loads / calls)
                    })
                    .collect(),
                loads: 0,
            });
            let report = Report {
                title: format!(
                    "hit ratio, {}, {} entries, {threads} thread(s)",
                    trace.name, trace.capacity
                ),
                unit: "%",
                spread: Spread::Middle,
                bases: Vec::new(),
                rows: rows.collect(),
            };
            report.print();
            reports.push(report);
        }
    }
    match flags
        .text("json")
        .map(|file| report::write(Path::new(file), "hit_ratio", rounds, &reports))
    {
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
