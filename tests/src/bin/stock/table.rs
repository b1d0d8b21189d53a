//! The table: items, and how many statements have changed it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Result};

pub(crate) struct Table {
    connection: Connection,
    no_version: bool,
}

/// An item as it is written: id, stock, version.
pub(crate) type Row = (u64, u64, i64);

impl Table {
    pub(crate) fn open(dir: &Path, no_version: bool) -> Self {
        let connection = Connection::open(dir.join("stock.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(30)).unwrap();
        connection
            .execute_batch(
                "pragma journal_mode = wal;
                 pragma synchronous = normal;
                 create table if not exists items (
                     id integer primary key, stock integer not null, version integer not null
                 );
                 create table if not exists statements (number integer not null);
                 create table if not exists regressions (item integer not null);
                 create trigger if not exists regress after update on items
                 when new.stock < old.stock
                 begin insert into regressions values (new.id); end;",
            )
            .unwrap();
        Self { connection, no_version }
    }

    /// Writes all rows with one statement. What is older than what is there changes nothing.
    pub(crate) fn write(&mut self, rows: &[Row]) -> Result<()> {
        let rows: Vec<String> =
            rows.iter().map(|(id, stock, version)| format!("({id}, {stock}, {version})")).collect();
        let check = if self.no_version { "" } else { "where excluded.version > items.version" };
        let upsert = format!(
            "insert into items values {} on conflict (id) do update
             set stock = excluded.stock, version = excluded.version {check}",
            rows.join(", ")
        );
        let transaction = self.connection.transaction()?;
        transaction.execute(&upsert, [])?;
        transaction.execute("insert into statements values (1)", [])?;
        transaction.commit()
    }

    pub(crate) fn stock(&self, id: u64) -> Option<u64> {
        let id = i64::try_from(id).unwrap();
        let found =
            self.connection.query_row("select stock from items where id = ?", [id], |row| {
                row.get::<_, i64>(0)
            });
        found.ok().map(|stock| u64::try_from(stock).unwrap())
    }

    pub(crate) fn statements(&self) -> u64 {
        self.count("statements")
    }

    /// How often something older has replaced what was newer.
    pub(crate) fn regressions(&self) -> u64 {
        self.count("regressions")
    }

    fn count(&self, table: &str) -> u64 {
        let count = format!("select count(*) from {table}");
        let count = self.connection.query_row(&count, [], |row| row.get::<_, i64>(0));
        u64::try_from(count.unwrap()).unwrap()
    }
}
