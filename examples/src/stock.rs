//! A stock of items in a file of `SQLite`, which counts its statements.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::DbError;

/// So many of something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its number.
    pub id: u32,
    /// How many there are.
    pub stock: i64,
}

/// A handle on the stock; cheap to clone. Each change waits for the disk.
#[derive(Clone, Debug)]
pub struct Stock {
    connection: Arc<Mutex<Connection>>,
    reads: Arc<AtomicU64>,
    writes: Arc<AtomicU64>,
}

impl Stock {
    /// Opens the file, and puts `items` items of a thousand each there.
    pub fn open(path: &Path, items: u32) -> Result<Self, DbError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             CREATE TABLE item (id INTEGER PRIMARY KEY, stock INTEGER, version INTEGER)",
        )?;
        for id in 0..items {
            connection.execute("INSERT INTO item VALUES (?1, 1000, 0)", [id])?;
        }
        let connection = Arc::new(Mutex::new(connection));
        Ok(Self { connection, reads: Arc::default(), writes: Arc::default() })
    }

    /// How many statements have read and written since the last time this was asked.
    pub fn statements(&self) -> (u64, u64) {
        (self.reads.swap(0, Relaxed), self.writes.swap(0, Relaxed))
    }

    /// How many there are of everything.
    pub async fn total(&self) -> Result<i64, DbError> {
        self.run(|db| db.query_row("SELECT sum(stock) FROM item", [], |row| row.get(0))).await
    }

    /// Looks an item up.
    pub async fn item(&self, id: u32) -> Result<Option<Item>, DbError> {
        self.reads.fetch_add(1, Relaxed);
        self.run(move |db| {
            db.prepare_cached("SELECT id, stock FROM item WHERE id = ?1")?
                .query_row([id], |row| Ok(Item { id: row.get(0)?, stock: row.get(1)? }))
                .optional()
        })
        .await
    }

    /// Writes all of `items` with one statement. What is older than what is there changes nothing.
    pub async fn save(&self, items: Vec<(Item, i64)>) -> Result<(), DbError> {
        self.writes.fetch_add(1, Relaxed);
        let rows: Vec<_> = items
            .iter()
            .map(|(item, version)| format!("({}, {}, {version})", item.id, item.stock))
            .collect();
        let statement = format!(
            "INSERT INTO item VALUES {} ON CONFLICT (id) DO UPDATE
             SET stock = excluded.stock, version = excluded.version
             WHERE item.version < excluded.version",
            rows.join(", ")
        );
        self.run(move |db| db.execute(&statement, [])).await.map(drop)
    }

    async fn run<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let connection = self.connection.clone();
        let query = move || run(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(tokio::task::spawn_blocking(query).await.map_err(DbError::other)??)
    }
}
