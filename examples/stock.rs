//! An inventory under a load of sales: how a sale is written is a matter of its attribute.
//!
//! `cargo run --release --example stock`

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cache_examples::stock::{Item, Stock};
use cache_examples::terminal::{grouped, time};
use cache_examples::{DbError, tiers};
use cache_runtime::{Pending, Version, cached, invalidates, write_behind, write_through};
use tokio::task::JoinSet;

const ITEMS: u32 = 64;
const SALES_OF_EACH: u32 = 100;

/// What is written later finds its database by itself.
static STOCK: OnceLock<Stock> = OnceLock::new();

fn stock() -> Result<&'static Stock, DbError> {
    STOCK.get().ok_or_else(|| DbError::other("it is not open"))
}

#[cached(ttl = 3600, key = "item:<id>")]
async fn get_item(id: u32) -> Result<Option<Item>, DbError> {
    stock()?.item(id).await
}

#[invalidates(entry = get_item(item.id))]
async fn save_aside(item: Item) -> Result<(), DbError> {
    stock()?.save(vec![(item, Version::current())]).await
}

#[write_through(entry = get_item(item.id), value = item)]
async fn save_through(item: Item) -> Result<(), DbError> {
    stock()?.save(vec![(item, Version::current())]).await
}

#[write_behind(entry = get_item(item.id), every = "200ms", flush = save_items)]
async fn save_behind(item: Item) -> Result<(), DbError> {
    stock()?.save(vec![(item, Version::current())]).await
}

async fn save_items(items: Vec<Pending<Item>>) -> Result<(), DbError> {
    stock()?.save(items.into_iter().map(|it| (it.value, it.version)).collect()).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("cache-stock-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    tiers::install_with_journal("stock", &directory.join("journal"))?;
    let stock = STOCK.get_or_init(|| open(&directory));
    println!("{} sales of {ITEMS} items; tiers: {}", grouped(sales()), tiers::describe());
    println!("\n  pattern          sales/s   a sale: p50        p99     reads    writes   saved");
    sell("cache-aside", save_aside).await?;
    sell("write-through", save_through).await?;
    sell("write-behind", save_behind).await?;

    if let Err(error) = flush().await {
        println!("\n  {error}: every write was made at once");
    }
    let sold = i64::from(ITEMS) * 1000 - stock.total().await?;
    println!("  {} sold, by the database's own count", grouped(u64::try_from(sold)?));
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

/// Makes what is still pending.
async fn flush() -> cache_runtime::Result<()> {
    let (pending, begun) = (save_behind::pending().await?, Instant::now());
    save_behind::flush().await?;
    println!("\n  {pending} writes were pending, and flushed in {}", time(begun.elapsed()));
    Ok(())
}

fn open(directory: &std::path::Path) -> Stock {
    match Stock::open(&directory.join("stock.sqlite"), ITEMS) {
        Ok(stock) => stock,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

fn sales() -> u64 {
    u64::from(ITEMS * SALES_OF_EACH)
}

/// Sells each item again and again, and tells what that took.
async fn sell<F>(pattern: &str, save: fn(Item) -> F) -> Result<(), Box<dyn std::error::Error>>
where
    F: Future<Output = Result<(), DbError>> + Send + 'static,
{
    stock()?.statements();
    let begun = Instant::now();
    let mut clerks = JoinSet::new();
    for id in 0..ITEMS {
        clerks.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..SALES_OF_EACH {
                let begun = Instant::now();
                if let Some(item) = get_item(id).await? {
                    save(Item { stock: item.stock - 1, ..item }).await?;
                }
                times.push(begun.elapsed());
            }
            Ok::<_, DbError>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(clerk) = clerks.join_next().await {
        times.extend(clerk??);
    }
    tell(pattern, begun.elapsed(), times)
}

fn tell(
    pattern: &str,
    took: Duration,
    mut times: Vec<Duration>,
) -> Result<(), Box<dyn std::error::Error>> {
    times.sort_unstable();
    let (reads, writes) = stock()?.statements();
    let at = |share: usize| time(times[(times.len() - 1) * share / 100]);
    let a_second = u128::from(sales()) * 1_000_000 / took.as_micros().max(1);
    let saved = 100 - 100 * (reads + writes) / (2 * sales());
    println!(
        "  {pattern:<14} {:>9} {:>14} {:>10} {:>9} {:>9} {saved:>5} %",
        grouped(u64::try_from(a_second)?),
        at(50),
        at(99),
        grouped(reads),
        grouped(writes),
    );
    Ok(())
}
