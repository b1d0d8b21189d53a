//! Functions that write behind: what readers see, what reaches the table, and what fails on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

mod disk;
mod failures;
mod flushing;
mod inside;
mod outage;
mod overtaken;
mod reads;
mod table;

use std::time::Duration;

use cache_runtime::{LossyJournal, Pending, Version, cached, write_behind};
use cache_tests::Tiers;
use serde::{Deserialize, Serialize};

use table::Table;

const LONG: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    /// The table that it is a row of.
    table: u64,
    id: u64,
    stock: u32,
}

fn item(table: &Table, id: u64, stock: u32) -> Item {
    Item { table: table.number(), id, stock }
}

#[cached(key = "item:<table>:<id>", ttl = 3600)]
async fn get_item(table: u64, id: u64) -> Result<Option<u32>, String> {
    Ok(Table::of(table).load(id))
}

/// Nothing is made but by `flush`.
#[write_behind(key = "item:<item.table>:<item.id>", value = item.stock, every = "1h", retries = 3)]
async fn save(item: Item) -> Result<(), String> {
    Table::of(item.table).write(&[(item.id, item.stock, Version::current())]).await
}

#[write_behind(
    key = "item:<item.table>:<item.id>", value = item, batch = 10, every = 3600, max_pending = 100,
    retries = 3, flush = save_items
)]
async fn save_in_batches(item: Item) -> Result<(), String> {
    Table::of(item.table).write(&[(item.id, item.stock, Version::current())]).await
}

async fn save_items(items: Vec<Pending<Item>>) -> Result<(), String> {
    let rows: Vec<_> = items.iter().map(|it| (it.value.id, it.value.stock, it.version)).collect();
    Table::of(items[0].value.table).write(&rows).await
}

#[write_behind(key = "item:<item.table>:<item.id>", every = "20ms", max_pending = 2)]
async fn save_soon(item: Item) {
    let written = Table::of(item.table).write(&[(item.id, item.stock, Version::current())]).await;
    written.unwrap();
}

/// Two processes' worth of tiers and one journal, whatever tiers there are.
async fn on_all_tiers<F: Future<Output = ()>>(test: impl Fn(Tiers, Table) -> F) {
    for name in ["local", "remote", "both"] {
        let tiers = Tiers::built(name, |builder| match name {
            "local" => builder.journal(LossyJournal::new()),
            _ => builder,
        });
        tiers.told().await;
        eprintln!("on {name}");
        let cache = tiers.cache.clone();
        cache.scope(test(tiers, Table::new())).await;
    }
}
