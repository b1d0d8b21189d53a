//! Real writers on a real Redis, killed between their commit and the end of their barrier.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use cache_runtime::{Cache, Redis, cached};
use cache_tests::{RedisServer, eventually};

use super::LONG;

/// How long the writers' barriers hold.
const HOLD_MILLIS: u64 = 1_000;

#[cached(key = "row", ttl = 3600)]
async fn row(server: &RedisServer) -> u64 {
    server.cli(&["GET", "row"]).parse().unwrap()
}

/// A process that writes.
struct Writer {
    process: Child,
    ear: ChildStdin,
    mouth: BufReader<ChildStdout>,
}

impl Writer {
    fn begin(server: &RedisServer, value: u64) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_writer"))
            .args([server.url(), value.to_string(), HOLD_MILLIS.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ear = process.stdin.take().unwrap();
        let mouth = BufReader::new(process.stdout.take().unwrap());
        let mut writer = Self { process, ear, mouth };
        writer.says("begun");
        writer
    }

    fn says(&mut self, word: &str) {
        let mut line = String::new();
        self.mouth.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), word);
    }

    fn go_on(&mut self) {
        self.ear.write_all(b"go on\n").unwrap();
    }

    fn commit(&mut self) {
        self.go_on();
        self.says("committed");
    }

    fn end(mut self) {
        self.go_on();
        self.says("ended");
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Writer {
    /// Kills it, as `kill -9` does.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server with the row at 1, and a reader that has cached it.
async fn cached_row() -> (RedisServer, Cache) {
    let server = RedisServer::start();
    server.command(&["SET", "row", "1"]);
    let redis = Redis::new(server.url()).unwrap();
    let cache = Cache::builder().namespace("shop").no_local().remote(redis).build();
    assert_eq!(cache.scope(row(&server)).await, 1);
    assert_eq!(server.cli(&["EXISTS", "shop:row"]), "1");
    (server, cache)
}

async fn stays_at(value: u64, cache: &Cache, server: &RedisServer) {
    assert_eq!(cache.scope(row(server)).await, value, "at once");
    let is_cached = || async {
        assert_eq!(cache.scope(row(server)).await, value);
        server.cli(&["GETRANGE", "shop:row", "1", "1"]) == "V"
    };
    eventually(LONG, is_cached).await;
    assert_eq!(cache.scope(row(server)).await, value, "cached again");
}

#[tokio::test]
async fn a_writer_killed_right_after_its_commit_leaves_nothing_stale() {
    let (server, cache) = cached_row().await;
    let mut writer = Writer::begin(&server, 2);
    assert_eq!(cache.scope(row(&server)).await, 1, "not yet committed");
    writer.commit();
    drop(writer);
    stays_at(2, &cache, &server).await;
}

#[tokio::test]
async fn the_first_to_put_up_its_barrier_and_last_to_commit_may_be_killed() {
    let (server, cache) = cached_row().await;
    let mut first = Writer::begin(&server, 3);
    let mut second = Writer::begin(&server, 2);
    second.commit();
    second.end();
    assert_eq!(cache.scope(row(&server)).await, 2);
    first.commit();
    drop(first);
    stays_at(3, &cache, &server).await;
}

#[tokio::test]
async fn a_writer_that_takes_longer_than_its_hold_is_covered_all_the_while() {
    let (server, cache) = cached_row().await;
    let mut writer = Writer::begin(&server, 2);
    // The server's clock can't be moved.
    tokio::time::sleep(Duration::from_millis(2 * HOLD_MILLIS)).await;
    assert_eq!(cache.scope(row(&server)).await, 1);
    writer.commit();
    drop(writer);
    stays_at(2, &cache, &server).await;
}
