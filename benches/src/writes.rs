//! How the time of a write is taken, by the pattern it is made in.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use cache_runtime::{Cache, FileJournal, Pending, Redis, Version, write_behind, write_through};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// How many rows there are.
pub const KEYS: u64 = 1_000;

static TABLE: OnceLock<Arc<Mutex<Connection>>> = OnceLock::new();

/// A row of the table that is written to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its key.
    pub id: u64,
    /// What changes.
    pub stock: u64,
}

type Row = (u64, u64, i64);

/// Opens the table. Each statement waits for the disk.
///
/// # Errors
///
/// When `SQLite` can't.
pub fn open(directory: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let connection = Connection::open(directory.join("writes.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE item (id INTEGER PRIMARY KEY, stock INTEGER, version INTEGER)",
    )?;
    TABLE.get_or_init(|| Arc::new(Mutex::new(connection)));
    Ok(())
}

async fn write(rows: Vec<Row>) -> Result<(), String> {
    let table = TABLE.get().ok_or("the table is not open")?.clone();
    let write = move || {
        let rows: Vec<String> =
            rows.iter().map(|(id, stock, version)| format!("({id}, {stock}, {version})")).collect();
        let statement = format!(
            "INSERT INTO item VALUES {} ON CONFLICT (id) DO UPDATE
             SET stock = excluded.stock, version = excluded.version
             WHERE item.version < excluded.version",
            rows.join(", ")
        );
        let table = table.lock().unwrap_or_else(PoisonError::into_inner);
        table.execute(&statement, []).map(drop).map_err(|error| error.to_string())
    };
    tokio::task::spawn_blocking(write).await.map_err(|error| error.to_string())?
}

/// Writes, without a cache.
///
/// # Errors
///
/// Those of the database.
pub async fn direct(item: Item) -> Result<(), String> {
    write(vec![(item.id, item.stock, Version::current())]).await
}

/// The database, then the cache.
///
/// # Errors
///
/// Those of the database.
#[write_through(key = "item:<item.id>", value = item)]
pub async fn through(item: Item) -> Result<(), String> {
    write(vec![(item.id, item.stock, Version::current())]).await
}

/// The cache and a journal, then the database.
///
/// # Errors
///
/// Those of the database, where the journal takes no more.
#[write_behind(key = "item:<item.id>", max_pending = 100_000, flush = write_all)]
pub async fn behind(item: Item) -> Result<(), String> {
    write(vec![(item.id, item.stock, Version::current())]).await
}

async fn write_all(items: Vec<Pending<Item>>) -> Result<(), String> {
    write(items.iter().map(|it| (it.value.id, it.value.stock, it.version)).collect()).await
}

/// In which pattern, and in which cache.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called in the tables.
    pub name: &'static str,
    pattern: Pattern,
    cache: Cache,
}

#[derive(Clone, Copy, Debug)]
enum Pattern {
    Direct,
    Through,
    Behind,
}

/// The cases that take turns.
///
/// # Errors
///
/// When `url` is none.
pub fn cases(url: &str, directory: &Path) -> Result<Vec<Case>, Box<dyn Error + Send + Sync>> {
    let local = Cache::builder().no_remote().no_journal().build();
    let redis = Cache::builder().namespace("writes").remote(Redis::new(url)?).build();
    let journal = FileJournal::new(directory.join("writes.journal"));
    let file = Cache::builder().no_remote().journal(journal).build();
    let case = |name, pattern, cache: &Cache| Case { name, pattern, cache: cache.clone() };
    Ok(vec![
        case("direct", Pattern::Direct, &local),
        case("write-through, moka", Pattern::Through, &local),
        case("write-through, moka and Redis", Pattern::Through, &redis),
        case("write-behind, journal in Redis", Pattern::Behind, &redis),
        case("write-behind, journal in a file", Pattern::Behind, &file),
    ])
}

impl Case {
    async fn write(&self, id: u64, stock: u64) {
        let item = Item { id, stock };
        let written = self.cache.scope(async {
            match self.pattern {
                Pattern::Direct => direct(item).await,
                Pattern::Through => through(item).await,
                Pattern::Behind => behind(item).await,
            }
        });
        assert_eq!(written.await, Ok(()), "{}", self.name);
    }

    /// Makes what waits, so that the next case has the database to itself.
    pub async fn settle(&self) {
        if matches!(self.pattern, Pattern::Behind) {
            let flushed = self.cache.scope(behind::flush()).await;
            assert!(flushed.is_ok(), "{}: {flushed:?}", self.name);
        }
    }

    /// Writes one id after another; microseconds a call.
    pub async fn in_sequence(&self, ids: &[u64]) -> f64 {
        let start = Instant::now();
        for &id in ids {
            self.write(id, id).await;
        }
        start.elapsed().as_secs_f64() * 1e6 / count(ids)
    }

    /// Lets `tasks` tasks write at once; thousands of calls a second.
    pub async fn in_flight(&self, ids: &[u64], tasks: usize) -> f64 {
        let start = Instant::now();
        let mut crew = JoinSet::new();
        for share in ids.chunks(ids.len().div_ceil(tasks)).map(<[u64]>::to_vec) {
            let case = self.clone();
            crew.spawn(async move {
                for id in share {
                    case.write(id, id).await;
                }
            });
        }
        crew.join_all().await;
        count(ids) / start.elapsed().as_secs_f64() / 1e3
    }
}

#[expect(clippy::cast_precision_loss, reason = "a batch is small")]
fn count(ids: &[u64]) -> f64 {
    ids.len() as f64
}
