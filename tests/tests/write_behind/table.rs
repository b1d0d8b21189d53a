//! A table of stocks, as a database would have it. Functions find theirs by its number.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};

use tokio::sync::{Notify, Semaphore};

static TABLES: LazyLock<Mutex<Vec<Table>>> = LazyLock::new(Mutex::default);

#[derive(Clone)]
pub(super) struct Table(Arc<Inner>);

struct Inner {
    number: u64,
    rows: Mutex<Rows>,
    begun: Notify,
    gate: Semaphore,
}

#[derive(Default)]
struct Rows {
    by_id: HashMap<u64, (u32, i64)>,
    statements: u64,
    loads: u64,
    refused: HashSet<u64>,
    panics: bool,
}

/// Rows, as they are written: id, stock, version.
type Row = (u64, u32, i64);

impl Table {
    pub(super) fn new() -> Self {
        let mut tables = TABLES.lock().unwrap();
        let table = Self(Arc::new(Inner {
            number: tables.len() as u64,
            rows: Mutex::default(),
            begun: Notify::new(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }));
        tables.push(table.clone());
        table
    }

    pub(super) fn of(number: u64) -> Self {
        TABLES.lock().unwrap()[usize::try_from(number).unwrap()].clone()
    }

    pub(super) fn number(&self) -> u64 {
        self.0.number
    }

    /// One statement, which replaces what is older.
    pub(super) async fn write(&self, rows: &[Row]) -> Result<(), String> {
        self.0.begun.notify_one();
        let _open = self.0.gate.acquire().await;
        let mut table = self.0.rows.lock().unwrap();
        table.statements += 1;
        let panics = std::mem::take(&mut table.panics);
        if let Some((id, ..)) = rows.iter().find(|(id, ..)| table.refused.contains(id)) {
            return Err(format!("{id} is refused"));
        }
        for &(id, stock, version) in rows {
            let row = table.by_id.entry(id).or_default();
            if row.1 < version {
                *row = (stock, version);
            }
        }
        drop(table);
        assert!(!panics, "after its commit");
        Ok(())
    }

    pub(super) fn load(&self, id: u64) -> Option<u32> {
        let mut table = self.0.rows.lock().unwrap();
        table.loads += 1;
        table.by_id.get(&id).map(|row| row.0)
    }

    pub(super) fn stock(&self, id: u64) -> Option<u32> {
        self.0.rows.lock().unwrap().by_id.get(&id).map(|row| row.0)
    }

    pub(super) fn version(&self, id: u64) -> i64 {
        self.0.rows.lock().unwrap().by_id[&id].1
    }

    pub(super) fn statements(&self) -> u64 {
        self.0.rows.lock().unwrap().statements
    }

    pub(super) fn loads(&self) -> u64 {
        self.0.rows.lock().unwrap().loads
    }

    /// Refuses writes of a row from now on.
    pub(super) fn refuse(&self, id: u64) {
        self.0.rows.lock().unwrap().refused.insert(id);
    }

    pub(super) fn accept(&self, id: u64) {
        self.0.rows.lock().unwrap().refused.remove(&id);
    }

    pub(super) fn panic_once(&self) {
        self.0.rows.lock().unwrap().panics = true;
    }

    /// Lets writes wait before they are made.
    pub(super) fn hold(&self) {
        self.0.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(super) fn let_go(&self) {
        self.0.gate.add_permits(Semaphore::MAX_PERMITS - self.0.gate.available_permits());
    }

    /// Waits until a write has come.
    pub(super) async fn begun(&self) {
        self.0.begun.notified().await;
    }
}
