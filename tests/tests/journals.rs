//! Journals on what keeps them: a server, a cluster, a file.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use cache_runtime::testing::conformance;
use cache_runtime::{
    Ending, ErrorKind, FileJournal, Journal, Put, Ready, Redis, RemoteBackend, Settled, Write,
};
use cache_tests::{RedisCluster, RedisServer, eventually};

const LONG: Duration = Duration::from_mins(1);

fn write(key: &str) -> Write {
    Write {
        function: "save".to_owned(),
        key: key.to_owned(),
        payload: Bytes::from_static(b"payload"),
        due: Duration::ZERO,
        room: 100,
        until: u64::MAX,
    }
}

#[tokio::test]
async fn the_journal_in_redis_is_a_journal() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    conformance::journal(|| redis.journal("shop:").unwrap()).await;
}

#[tokio::test]
async fn the_journal_in_a_cluster_is_a_journal() {
    let cluster = RedisCluster::start();
    let redis = Redis::cluster(cluster.urls()).unwrap();
    conformance::journal(|| redis.journal("shop:").unwrap()).await;
}

#[tokio::test]
async fn the_journal_in_a_file_is_a_journal() {
    let directory = tempfile::tempdir().unwrap();
    let files = std::cell::Cell::new(0);
    let make = || {
        files.set(files.get() + 1);
        FileJournal::new(directory.path().join(files.get().to_string()))
    };
    conformance::journal(make).await;
}

#[tokio::test]
async fn a_journal_of_redis_survives_a_clear_of_the_cache() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let journal = redis.journal("shop:").unwrap();
    journal.put(write("item:1")).await.unwrap();
    redis.clear("shop:").await.unwrap();
    assert_eq!(journal.waiting("save").await.unwrap(), 1);
    assert!(journal.get("item:1").await.unwrap().is_some());
}

#[tokio::test]
async fn the_sequence_does_not_fall_back_when_the_server_forgets_it() {
    let server = RedisServer::start();
    let journal = Redis::new(server.url()).unwrap().journal("shop:").unwrap();
    let sequence = async |key| match journal.put(write(key)).await.unwrap() {
        Put::Taken { sequence, .. } => sequence,
        put => panic!("{put:?}"),
    };
    let before = sequence("item:1").await;
    server.command(&["FLUSHALL"]);
    assert!(sequence("item:1").await > before);
}

#[tokio::test]
async fn a_full_server_refuses_and_keeps_what_it_has() {
    let server = RedisServer::start();
    let journal = Redis::new(server.url()).unwrap().journal("shop:").unwrap();
    journal.put(write("item:1")).await.unwrap();
    server.set_max_memory(1);
    let refused = journal.put(write("item:2")).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Full);
    assert!(journal.get("item:1").await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_server_gives_out_what_it_has() {
    use cache_runtime::{Ending, Settled};
    let server = RedisServer::start();
    let journal = Redis::new(server.url()).unwrap().journal("shop:").unwrap();
    journal.put(write("item:1")).await.unwrap();
    server.set_max_memory(1);
    for ending in [Ending::Again(Duration::ZERO), Ending::Written] {
        let claimed = journal.claim("save", 1, LONG, Ready::All).await.unwrap().remove(0);
        let (key, sequence, attempts) = (claimed.key, claimed.sequence, claimed.attempts);
        let settled = Settled { key, sequence, attempts, ending };
        journal.settle("save", vec![settled]).await.unwrap();
    }
    assert_eq!(journal.waiting("save").await.unwrap(), 0);
}

/// Opens the journal once the one before has let go of the file.
async fn reopened(path: &Path) -> FileJournal {
    let journal = FileJournal::new(path);
    eventually(LONG, || async { journal.waiting("save").await.is_ok() }).await;
    journal
}

#[tokio::test]
async fn a_file_keeps_what_waits_and_what_was_given_up() {
    use cache_runtime::{Ending, Settled};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let journal = FileJournal::new(&path);
    for key in ["item:1", "item:2", "item:3"] {
        journal.put(write(key)).await.unwrap();
    }
    let claimed = journal.claim("save", 2, LONG, Ready::All).await.unwrap();
    let endings = [Ending::Written, Ending::Dead("broken".to_owned())];
    let settled = claimed.iter().zip(endings).map(|(it, ending)| Settled {
        key: it.key.clone(),
        sequence: it.sequence,
        attempts: it.attempts,
        ending,
    });
    journal.settle("save", settled.collect()).await.unwrap();
    let last = journal.now().await.unwrap();
    drop(journal);

    let journal = reopened(&path).await;
    assert!(journal.now().await.unwrap() >= last);
    assert_eq!(journal.dead("save").await.unwrap()[0].reason, "broken");
    let left = journal.claim("save", 9, LONG, Ready::Due).await.unwrap();
    let keys: Vec<_> = left.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["item:3"], "whoever held it is gone: it is due at once");
}

/// Two caches of one process with the default journal, say.
#[tokio::test]
async fn journals_of_one_process_at_one_path_are_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let first = FileJournal::new(&path);
    first.put(write("item:1")).await.unwrap();
    let second = FileJournal::new(directory.path().join("./journal"));
    second.put(write("item:2")).await.unwrap();
    assert_eq!(second.waiting("save").await.unwrap(), 2);
    drop(first);
    second.put(write("item:3")).await.unwrap();
    assert_eq!(second.waiting("save").await.unwrap(), 3, "the other one's end is not its own");
}

#[tokio::test]
async fn a_damaged_file_is_out_of_reach_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    fs::write(&path, b"no journal at all, and longer than nothing").unwrap();
    let journal = FileJournal::new(&path);
    for _ in 0..2 {
        let refused = journal.put(write("item:1")).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unavailable);
    }
    assert!(fs::read(&path).unwrap().starts_with(b"no journal"));
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_out_of_reach_until_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let journal = FileJournal::new(missing.join("journal"));
    assert!(journal.put(write("item:1")).await.is_err());
    assert!(journal.claim("save", 1, LONG, Ready::All).await.is_err());
    fs::create_dir(&missing).unwrap();
    journal.put(write("item:1")).await.unwrap();
    assert_eq!(journal.waiting("save").await.unwrap(), 1, "what was refused is not there");
}

/// More than a thousand have failed, of the ten thousand that may wait, and lie before another one.
#[tokio::test]
async fn however_many_have_failed_a_fresh_one_is_claimed() {
    let server = RedisServer::start();
    let journal = Redis::new(server.url()).unwrap().journal("shop:").unwrap();
    let hold = LONG;
    for number in 0..1_300 {
        let key = format!("item:{number}");
        journal.put(Write { room: 10_000, ..write(&key) }).await.unwrap();
    }
    loop {
        let claimed = journal.claim("save", 100, hold, Ready::Due).await.unwrap();
        if claimed.is_empty() {
            break;
        }
        let settled = claimed.into_iter().map(|it| Settled {
            key: it.key,
            sequence: it.sequence,
            attempts: it.attempts,
            ending: Ending::Again(LONG),
        });
        journal.settle("save", settled.collect()).await.unwrap();
    }
    journal.put(Write { room: 10_000, due: 10 * LONG, ..write("fresh") }).await.unwrap();
    let claimed = journal.claim("save", 100, hold, Ready::Fresh).await.unwrap();
    assert_eq!(claimed.len(), 1, "a flush passes it over");
}
