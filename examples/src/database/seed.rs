//! The tables, and the data this repository ships for them (see `data/README.md`).

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

const COUNTRIES: &str = include_str!("../../data/countries.tsv");
const SUBDIVISIONS: &str = include_str!("../../data/subdivisions.tsv");

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS country (
        code TEXT PRIMARY KEY, alpha3 TEXT NOT NULL, numeric TEXT NOT NULL, name TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS subdivision (
        code TEXT PRIMARY KEY, country TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS subdivision_country ON subdivision (country);";

/// Creates the tables and fills them, unless somebody has done so before.
pub(super) fn fill(connection: &mut Connection) -> rusqlite::Result<()> {
    // Several processes may open one file at once: the first fills it, the others wait.
    connection.busy_timeout(Duration::from_secs(5))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    if is_empty(&transaction)? {
        insert_all(&transaction)?;
    }
    transaction.commit()
}

fn is_empty(transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
    transaction.query_row("SELECT NOT EXISTS (SELECT 1 FROM country)", [], |row| row.get(0))
}

fn insert_all(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare("INSERT INTO country VALUES (?1, ?2, ?3, ?4)")?;
    for [code, alpha3, numeric, name] in rows(COUNTRIES) {
        insert.execute([code, alpha3, numeric, name])?;
    }
    let mut insert = transaction.prepare("INSERT INTO subdivision VALUES (?1, ?2, ?3, ?4)")?;
    for [code, parent, name] in rows(SUBDIVISIONS) {
        let country = code.split_once('-').map_or(code, |(country, _)| country);
        insert.execute([code, country, parent, name])?;
    }
    Ok(())
}

fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        let row = std::array::from_fn(|_| fields.next().unwrap_or_default());
        fields.next().is_none().then_some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_becomes_a_row() -> rusqlite::Result<()> {
        let mut connection = Connection::open_in_memory()?;
        fill(&mut connection)?;
        fill(&mut connection)?; // A second fill changes nothing.
        let count = |table: &str| -> rusqlite::Result<u32> {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        };
        assert_eq!(count("country")? as usize, COUNTRIES.lines().count() - 1);
        assert_eq!(count("subdivision")? as usize, SUBDIVISIONS.lines().count() - 1);
        Ok(())
    }
}
