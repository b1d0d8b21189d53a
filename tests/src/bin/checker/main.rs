//! Checks the promise on real processes, a real Redis and real faults, for as long as one likes.
//!
//! `checker --help` tells how to run it; the parent is in `parent.rs`, what its processes do in
//! `worker.rs`, and what counts as a violation in `judge.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod args;
mod clock;
mod delay;
mod echo;
mod faults;
mod fleet;
mod incidents;
mod items;
mod judge;
mod parent;
mod place;
mod random;
mod reaper;
mod register;
mod tally;
mod topology;
mod worker;
mod writes;

use std::process::ExitCode;

use args::{Args, Role};

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    match args.role {
        Role::Parent => parent::run(args),
        Role::Worker => worker::run(args),
        Role::Reaper => reaper::run(&args.dir),
    }
}
