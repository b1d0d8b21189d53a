//! Writers beside each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use cache_runtime::{Cache, cached, write_through};
use cache_tests::{Source, Tiers, on_all_tiers};
use tokio::sync::Mutex;
use tokio::task::{JoinSet, yield_now};

use super::{version, writing};

#[tokio::test]
async fn of_two_that_overlap_neither_stores_and_who_reads_then_loads() {
    on_all_tiers(async |tiers| {
        for first_in_first_out in [true, false] {
            let source = Source::new();
            let first = writing(&tiers.cache, &source).await;
            let second = writing(&tiers.cache, &source).await;
            for (_, steps) in [&second, &first] {
                steps.commit().await;
            }
            let order = if first_in_first_out { [first, second] } else { [second, first] };
            for (write, steps) in order {
                steps.go_on();
                write.await.unwrap().unwrap();
            }
            assert_eq!(version(source.clone(), 1).await, 3);
            assert_eq!(source.loads(), 1);
            tiers.landed().await;
            assert_eq!(tiers.barriers(), [""; 0]);
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_processes_that_overlap_neither_stores() {
    for here_first in [true, false] {
        let tiers = Tiers::new("both");
        let (source, elsewhere) = (Source::new(), tiers.elsewhere());
        let here = writing(&tiers.cache, &source).await;
        let there = writing(&elsewhere, &source).await;
        for (_, steps) in [&there, &here] {
            steps.commit().await;
        }
        let order = if here_first { [here, there] } else { [there, here] };
        for (write, steps) in order {
            steps.go_on();
            write.await.unwrap().unwrap();
        }
        assert_eq!(tiers.cache.scope(version(source.clone(), 1)).await, 3);
        assert_eq!(elsewhere.scope(version(source.clone(), 1)).await, 3);
        assert_eq!(source.loads(), 1);
    }
}

const KEYS: usize = 8;
const TASKS: usize = 16;
const ROUNDS: usize = 60;

/// A table of versions, and of each the newest whose write has returned.
#[derive(Clone, Default)]
struct Table(Arc<[Row; KEYS]>);

#[derive(Default)]
struct Row {
    version: Mutex<u64>,
    returned: AtomicU64,
    loads: AtomicU64,
}

impl Table {
    fn row(&self, id: usize) -> &Row {
        &self.0[id]
    }
}

#[cached(key = "row:<id>", ttl = 3600)]
async fn row(table: Table, id: usize) -> u64 {
    table.row(id).loads.fetch_add(1, SeqCst);
    let version = *table.row(id).version.lock().await;
    yield_now().await;
    version
}

#[write_through(entry = row(id))]
async fn save(table: &Table, id: usize) -> u64 {
    let mut version = table.row(id).version.lock().await;
    *version += 1;
    let written = *version;
    drop(version);
    yield_now().await;
    written
}

async fn write(table: Table, task: usize) {
    for round in 0..ROUNDS {
        let id = (task + round * 3) % KEYS;
        let version = save(&table, id).await;
        table.row(id).returned.fetch_max(version, SeqCst);
    }
}

/// Reads until the writers have ended, and answers how often.
async fn read(table: Table, task: usize, writers: Arc<AtomicUsize>) -> usize {
    let mut reads = 0;
    while writers.load(SeqCst) > 0 {
        let id = (task + reads) % KEYS;
        let floor = table.row(id).returned.load(SeqCst);
        let version = row(table.clone(), id).await;
        assert!(version >= floor, "row {id}: read {version} after {floor} was written");
        reads += 1;
        yield_now().await;
    }
    reads
}

async fn contend(caches: &[Cache]) {
    let table = Table::default();
    let writers = Arc::new(AtomicUsize::new(TASKS));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let cache = caches[task % caches.len()].clone();
        let (written, running) = (table.clone(), writers.clone());
        tasks.spawn(async move {
            cache.scope(write(written, task)).await;
            running.fetch_sub(1, SeqCst);
            0
        });
        let (cache, read) = (caches[0].clone(), read(table.clone(), task, writers.clone()));
        tasks.spawn(async move { cache.scope(read).await });
    }
    let reads: usize = tasks.join_all().await.iter().sum();
    let loads: u64 = (0..KEYS).map(|id| table.row(id).loads.load(SeqCst)).sum();
    assert!(loads < reads as u64, "{loads} loads of {reads} reads: something is cached");
    for id in 0..KEYS {
        for cache in caches {
            let read = cache.scope(row(table.clone(), id)).await;
            assert_eq!(read, *table.row(id).version.lock().await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_older_than_the_last_write_that_had_returned() {
    on_all_tiers(async |tiers| contend(std::slice::from_ref(&tiers.cache)).await).await;
}

/// Without a local tier, another process sees what was written at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_than_one_that_had_returned_in_another_process() {
    let tiers = Tiers::new("remote");
    contend(&[tiers.cache.clone(), tiers.elsewhere()]).await;
}
