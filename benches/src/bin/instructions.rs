//! Instructions a warm hit takes, counted by callgrind.
//!
//! Runs itself under `valgrind` (to be installed), each case twice with different numbers of calls: what
//! the two differ by is what the calls took. So nothing else counts, neither the start nor filling.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use cache_benches::flags::Flags;
use cache_benches::hit::{Case, Returns};
use cache_benches::report::{self, Report, Row, Spread};
use cache_benches::{machine, peers};

const USAGE: &str = "\
usage: instructions [--only WORD,…] [--json FILE]

  --only WORDS  only cases whose name holds one of the words
  --json FILE   keeps the figures, such as in docs/benchmarks/instructions.json
  --case N --returns N --calls N   what is run under valgrind";

/// Few enough to be in every table, and in the processor's own caches.
const KEYS: u64 = 64;
const WARM_UP: usize = 20_000;
const CALLS: usize = 20_000;

const ALL: [Returns; 3] = [Returns::Shared, Returns::Number, Returns::Owned];

fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::read(USAGE);
    if flags.has("case") {
        let returns = ALL[flags.number("returns", 0)];
        let case = &peers::hits(returns, KEYS)[flags.number("case", 0)];
        call(case, WARM_UP);
        call(case, flags.number("calls", 0));
        return Ok(());
    }
    println!("{}", machine::line());
    let mut reports = Vec::new();
    for (number, returns) in ALL.into_iter().enumerate() {
        let mut rows = Vec::new();
        for (index, case) in peers::hits(returns, KEYS).iter().enumerate() {
            if flags.wants(case.name) {
                let [fewer, more] = [CALLS, 2 * CALLS].map(|calls| counted(number, index, calls));
                #[expect(clippy::cast_precision_loss, reason = "thousands of calls")]
                let each = (more? - fewer?) as f64 / CALLS as f64;
                rows.push(Row { name: case.name, samples: vec![each], loads: 0 });
            }
        }
        let report = Report {
            title: format!("instructions a hit → {}", returns.name()),
            unit: "instructions",
            spread: Spread::Middle,
            bases: vec![peers::floor::FLOOR],
            rows,
        };
        report.print();
        reports.push(report);
    }
    if let Some(file) = flags.text("json") {
        report::write(Path::new(file), "instructions", 1, &reports)?;
    }
    Ok(())
}

fn call(case: &Case, calls: usize) {
    let ids: Vec<u64> = (0..KEYS).cycle().take(calls).collect();
    (case.run)(&ids);
}

/// The instructions of a whole run with so many calls.
fn counted(returns: usize, case: usize, calls: usize) -> Result<u64, Box<dyn Error>> {
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--returns", &returns.to_string(), "--case", &case.to_string()])
        .args(["--calls", &calls.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&ran.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    let count = collected.ok_or_else(|| format!("valgrind said: {said}"))?;
    Ok(count.trim().parse()?)
}
