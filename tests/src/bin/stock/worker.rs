//! One process: it writes, and makes what it and others have left.

use std::io::Read;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use cache_runtime::{Cache, FileJournal, Pending, Redis, Version, cached, write_behind};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::args::Args;
use crate::register::Register;
use crate::table::{Row, Table};

/// How long a flush is waited for before others take it over.
pub(crate) const HOLD: Duration = Duration::from_millis(400);

const TASKS: u64 = 8;

static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    id: u64,
    stock: u64,
}

#[cached(key = "item:<id>")]
async fn get_item(id: u64) -> Option<Item> {
    let stock = TABLE.get()?.lock().unwrap().stock(id)?;
    Some(Item { id, stock })
}

#[write_behind(
    entry = get_item(item.id), batch = 100, every = "300ms", max_pending = 4000, retries = 1000,
    flush = save_items
)]
async fn save_item(item: Item) -> Result<(), String> {
    write(vec![(item.id, item.stock, Version::current())]).await
}

async fn save_items(items: Vec<Pending<Item>>) -> Result<(), String> {
    let rows = items.iter().map(|it| (it.value.id, it.value.stock, it.version)).collect();
    // Long enough for somebody to be stopped on the way.
    sleep(Duration::from_millis(5)).await;
    write(rows).await
}

async fn write(rows: Vec<Row>) -> Result<(), String> {
    let write = move || {
        let table = TABLE.get().ok_or("no table")?;
        table.lock().unwrap().write(&rows).map_err(|error| error.to_string())
    };
    tokio::task::spawn_blocking(write).await.map_err(|error| error.to_string())?
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let table = Table::open(&args.dir, args.no_version);
    assert!(TABLE.set(Mutex::new(table)).is_ok(), "there is one table");
    runtime.block_on(work(args));
    ExitCode::SUCCESS
}

async fn work(args: &Args) {
    cache(args).install().unwrap();
    let register = Arc::new(Register::open(&args.dir, args.keys));
    if !args.is_idle {
        for task in 0..TASKS {
            tokio::spawn(write_for_ever(register.clone(), args.keys, task));
        }
    }
    // The parent holds the other end of our input, and says nothing.
    let ends = || std::io::stdin().read_to_end(&mut Vec::new());
    let _ = tokio::task::spawn_blocking(ends).await;
}

fn cache(args: &Args) -> Cache {
    let builder = Cache::builder().namespace("stock").flush_hold(HOLD);
    if args.in_file {
        let journal = FileJournal::new(args.dir.join("journal"));
        builder.no_remote().journal(journal).build()
    } else {
        builder.remote(Redis::new(&args.url).unwrap()).build()
    }
}

async fn write_for_ever(register: Arc<Register>, keys: u64, task: u64) {
    let mut random = u64::from(std::process::id()) << 8 | task;
    loop {
        // xorshift: <https://en.wikipedia.org/wiki/Xorshift>
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let key = random % keys;
        let Some(held) = register.hold(key) else { continue };
        let value = register.begin(&held);
        save_item(Item { id: key, stock: value }).await.unwrap();
        register.acknowledged_now(&held, value);
        let errors = get_item::stats().remote_errors;
        let read = get_item(key).await.map(|item| item.stock);
        // A process that was stopped finds that nobody has answered in time, and reads the table.
        if read != Some(value) && errors == get_item::stats().remote_errors {
            println!("key {key}: read {read:?} after {value} was written");
        }
    }
}
