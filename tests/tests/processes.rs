//! Real processes on one real Redis.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};

use cache_tests::RedisServer;

/// Runs two processes of 500 tasks each on one cold key, and answers how often the body ran.
fn loads_of_two_processes(function: &str) -> u64 {
    let server = RedisServer::start();
    let processes: Vec<_> = (0..2)
        .map(|_| {
            Command::new(env!("CARGO_BIN_EXE_herd"))
                .args([function, "500", &server.url()])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let outputs = processes.into_iter().map(|process| process.wait_with_output().unwrap());
    outputs
        .map(|output| {
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap()
        })
        .sum()
}

#[test]
fn two_processes_load_once_with_lock() {
    assert_eq!(loads_of_two_processes("locked"), 1);
}

#[test]
fn two_processes_load_once_each_without_lock() {
    assert_eq!(loads_of_two_processes("unlocked"), 2);
}
