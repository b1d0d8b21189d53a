//! Two processes on one real Redis.

use std::process::{Command, Stdio};

use cache_tests::RedisServer;

#[test]
fn two_processes_replace_a_stale_value_with_one_load_and_no_reader_waits_for_it() {
    let server = RedisServer::start();
    let processes: Vec<_> = (0..2)
        .map(|_| {
            Command::new(env!("CARGO_BIN_EXE_stale_herd"))
                .args(["500", &server.url()])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let outputs = processes.into_iter().map(|process| process.wait_with_output().unwrap());
    let loads = outputs.map(|output| {
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap()
    });
    assert_eq!(loads.sum::<u64>(), 2, "one to have a value, one to replace it");
}
