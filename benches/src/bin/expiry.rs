//! One hot key, read 10,000 times a second across its expiries.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use cache_benches::expiry::origin::LOAD;
use cache_benches::expiry::{Measured, RATE, measure, tables, ttl, use_ttl};
use cache_benches::flags::Flags;
use cache_benches::report::Table;
use cache_benches::{machine, peers, report};

const USAGE: &str = "\
usage: expiry [--seconds N] [--ttl MILLISECONDS] [--only WORD,…] [--list] [--json FILE]

  --seconds N   for how long each case is measured, in slices of four ttls
  --ttl N       how long a value lives
  --only WORDS  only cases whose name holds one of the words
  --json FILE   keeps the figures, such as in docs/benchmarks/expiry.json";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::read(USAGE);
    use_ttl(Duration::from_millis(flags.number("ttl", 1_000)).max(2 * LOAD));
    let mut cases = peers::expiries();
    cases.retain(|case| flags.wants(case.contender.name));
    if flags.has("list") {
        for case in &cases {
            println!("{}", case.contender.name);
        }
        return Ok(());
    }
    let began = machine::load();
    let slices = measure(&cases, Duration::from_secs(flags.number("seconds", 20))).await?;
    let rounds = slices.first().map_or(0, Vec::len);
    println!(
        "{}, {rounds} slices of {RATE} reads a second, a ttl of {} ms, a load of {} ms; {began}, then {}",
        machine::line(),
        ttl().as_millis(),
        LOAD.as_millis(),
        machine::load(),
    );
    let cases = cases.iter().zip(&slices);
    let measured: Vec<_> = cases.map(|(case, slices)| Measured { case, slices }).collect();
    for case in measured.iter().filter(|case| case.failed() > 0) {
        eprintln!("{}: {} reads got no value", case.case.contender.name, case.failed());
    }
    let tables = tables(&measured);
    tables.iter().for_each(Table::print);
    if let Some(file) = flags.text("json") {
        let tables: Vec<_> = tables.iter().map(Table::json).collect();
        report::write_json(Path::new(file), "expiry", rounds, &tables)?;
    }
    Ok(())
}
