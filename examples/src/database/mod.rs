//! ISO 3166 countries and subdivisions in `SQLite`, on a thread of their own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;
use std::{fmt, thread};

use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

mod seed;

/// A country of ISO 3166-1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Country {
    /// Two letters, such as `NL`.
    pub code: String,
    /// Three letters, such as `NLD`.
    pub alpha3: String,
    /// Three digits, such as `528`.
    pub numeric: String,
    /// The short name in English.
    pub name: String,
}

/// A subdivision of a country, of ISO 3166-2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subdivision {
    /// The country and up to three characters, such as `JP-13`.
    pub code: String,
    /// What it belongs to: a country, or a larger subdivision.
    pub parent: String,
    /// The local name.
    pub name: String,
}

/// A query that failed.
#[derive(Clone, Debug)]
pub struct DbError(String);

impl DbError {
    /// Wraps another failure on the way to an answer.
    pub fn other(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database: {}", self.0)
    }
}

impl std::error::Error for DbError {}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        Self::other(error)
    }
}

/// How long a query waits for the lock of an outage.
const BUSY: Duration = Duration::from_millis(50);

/// A lock on a whole database, as another program could hold it: queries fail until it is dropped.
#[derive(Debug)]
pub struct Outage(#[allow(dead_code, reason = "it is held")] Connection);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the database; cheap to clone.
///
/// `SQLite` blocks its caller, so a thread of its own runs the queries, one after another, and ends
/// with the last handle.
#[derive(Clone, Debug)]
pub struct Database {
    jobs: Sender<Job>,
    queries: Arc<AtomicU64>,
}

impl Database {
    /// Opens a database in memory, filled with the data.
    pub fn in_memory() -> Result<Self, DbError> {
        Self::start(Connection::open_in_memory()?)
    }

    /// Opens the database of a file, and fills it where it is new.
    pub fn open(path: &Path) -> Result<Self, DbError> {
        Self::start(Connection::open(path)?)
    }

    fn start(mut connection: Connection) -> Result<Self, DbError> {
        seed::fill(&mut connection)?;
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::spawn(move || inbox.into_iter().for_each(|job| job(&mut connection)));
        Ok(Self { jobs, queries: Arc::default() })
    }

    /// How many queries ran since the database was opened, writes included.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Locks the file that this database was opened from.
    pub async fn lock_out(&self, path: &Path) -> Result<Outage, DbError> {
        self.query(|db| db.busy_timeout(BUSY)).await?;
        let connection = Connection::open(path)?;
        connection.execute_batch("BEGIN EXCLUSIVE")?;
        Ok(Outage(connection))
    }

    /// Looks a country up by its two letters.
    pub async fn country(&self, code: &str) -> Result<Option<Country>, DbError> {
        let code = code.to_owned();
        self.query(move |db| {
            db.prepare_cached("SELECT code, alpha3, numeric, name FROM country WHERE code = ?1")?
                .query_row([code], country)
                .optional()
        })
        .await
    }

    /// Lists the codes of all countries.
    pub async fn codes(&self) -> Result<Vec<String>, DbError> {
        self.query(|db| {
            db.prepare_cached("SELECT code FROM country ORDER BY code")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
        .await
    }

    /// Lists the subdivisions of a country, by code.
    pub async fn subdivisions(&self, country: &str) -> Result<Vec<Subdivision>, DbError> {
        let country = country.to_owned();
        self.query(move |db| {
            db.prepare_cached(
                "SELECT code, parent, name FROM subdivision WHERE country = ?1 ORDER BY code",
            )?
            .query_map([country], subdivision)?
            .collect()
        })
        .await
    }

    /// Gives a country another name; `None` where there is no such country.
    pub async fn rename_country(&self, code: &str, name: &str) -> Result<Option<Country>, DbError> {
        let values = [name.to_owned(), code.to_owned()];
        self.query(move |db| {
            db.prepare_cached(
                "UPDATE country SET name = ?1 WHERE code = ?2
                 RETURNING code, alpha3, numeric, name",
            )?
            .query_row(values, country)
            .optional()
        })
        .await
    }

    async fn query<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let (reply, answer) = oneshot::channel();
        let queries = Arc::clone(&self.queries);
        let job: Job = Box::new(move |connection| {
            queries.fetch_add(1, Ordering::Relaxed);
            // Who asked may have left.
            let _ = reply.send(run(connection));
        });
        let gone = || DbError("its thread has ended".to_owned());
        self.jobs.send(job).map_err(|_| gone())?;
        Ok(answer.await.map_err(|_| gone())??)
    }
}

fn country(row: &Row<'_>) -> rusqlite::Result<Country> {
    Ok(Country { code: row.get(0)?, alpha3: row.get(1)?, numeric: row.get(2)?, name: row.get(3)? })
}

fn subdivision(row: &Row<'_>) -> rusqlite::Result<Subdivision> {
    Ok(Subdivision { code: row.get(0)?, parent: row.get(1)?, name: row.get(2)? })
}
