//! Real processes that are killed and stopped, and a real table: `stock` with fewer writes.
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// Whether all was well, and what it told.
fn stock(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_stock")).args(arguments).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    println!("{report}{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), report)
}

fn count(report: &str, name: &str) -> u64 {
    let line = report.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim().parse().unwrap()
}

#[test]
fn every_row_holds_what_was_acknowledged_last() {
    let (is_well, report) = stock(&["--writes", "15000", "--keys", "1000"]);
    assert!(is_well, "{report}");
    assert!(count(&report, "statements") > 100);
}

#[test]
fn so_it_does_where_the_journal_is_a_file() {
    let arguments = ["--journal", "file", "--writes", "4000", "--keys", "500"];
    let (is_well, report) = stock(&arguments);
    assert!(is_well, "{report}");
}

/// What the others would not notice if they were blind.
#[test]
fn a_table_that_takes_what_is_older_goes_wrong() {
    let arguments = ["--no-version", "--writes", "200000", "--keys", "1000"];
    let (is_well, report) = stock(&arguments);
    assert!(!is_well && count(&report, "regressions") > 0, "{report}");
}
