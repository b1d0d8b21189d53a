//! A minute of the checker: real processes, one real Redis, faults.
//!
//! `CACHE_CHECKER_SEED` and `CACHE_CHECKER_SECONDS` choose another run.
#![allow(clippy::unwrap_used)]

use std::env;
use std::process::Command;

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// The number behind `name` in the checker's last table.
fn count(report: &str, name: &str) -> u64 {
    let line = report.lines().rev().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn no_read_is_older_than_the_promise_allows() {
    let seed = setting("CACHE_CHECKER_SEED", "20");
    let seconds = setting("CACHE_CHECKER_SECONDS", "60");
    let output = Command::new(env!("CARGO_BIN_EXE_checker"))
        .args(["--seconds", &seconds, "--seed", &seed])
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    println!("{report}");
    assert!(output.status.success(), "run it again with CACHE_CHECKER_SEED={seed}");
    let seconds: u64 = seconds.parse().unwrap();
    assert!(count(&report, "reads") > 200 * seconds, "there are readers");
    assert!(count(&report, "local-hits") > count(&report, "reads") / 4, "there is a local tier");
    assert!(count(&report, "remote-hits") > 10 * seconds, "there is a remote one");
    assert!(count(&report, "told") > 5 * seconds, "there are invalidations");
    assert!(count(&report, "faults") > seconds / 4, "there are faults");
}
