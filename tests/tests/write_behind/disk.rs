//! A journal in a file, on a disk that is full.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_full_disk");

/// No file grows beyond 4 MiB: a write that would make it is refused, as by a full disk.
const ON_A_SMALL_DISK: &str = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\"";

/// Runs the program, and answers how many writes wait.
fn run(mut command: Command, what: &str, dir: &Path) -> u64 {
    let output = command.args([what, dir.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// The stocks of all rows as a database has them that compares versions, and how many statements made
/// them.
fn rows(dir: &Path) -> (HashMap<u64, u64>, usize) {
    let lines = fs::read_to_string(dir.join("rows")).unwrap_or_default();
    let mut rows: HashMap<u64, (u64, u64)> = HashMap::new();
    for line in lines.lines() {
        let fields: Vec<u64> = line.split(' ').map(|field| field.parse().unwrap()).collect();
        let row = rows.entry(fields[0]).or_default();
        if row.1 < fields[2] {
            *row = (fields[1], fields[2]);
        }
    }
    (rows.into_iter().map(|(id, row)| (id, row.0)).collect(), lines.lines().count())
}

#[test]
fn a_full_disk_fails_no_write_and_loses_none_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut small = Command::new("bash");
    small.args(["-c", ON_A_SMALL_DISK, PROGRAM]);
    let waiting = run(small, "fill", dir.path());
    let (_, made) = rows(dir.path());
    assert!(waiting > 0 && made > 0, "{waiting} wait and {made} were made at once");
    assert_eq!(run(Command::new(PROGRAM), "flush", dir.path()), 0);
    let (rows, _) = rows(dir.path());
    assert_eq!(rows.len(), 60);
    assert!(rows.values().all(|stock| *stock == 2), "the last acknowledged value: {rows:?}");
}
