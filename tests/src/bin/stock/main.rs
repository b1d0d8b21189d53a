//! Writes behind by several processes that are killed and stopped at random, into one `SQLite`
//! table, and whether every row ends up with the last value that was acknowledged.
//!
//! `stock --help` tells how to run it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod args;
mod parent;
mod register;
mod table;
mod worker;

use std::process::ExitCode;

use args::Args;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    if args.is_worker() { worker::run(&args) } else { parent::run(&args) }
}
