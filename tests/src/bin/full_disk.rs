//! A process that writes behind into a journal on a disk that fills up, or makes what such a process
//! has left. Rows are lines of a file: id, stock, version. Prints how many writes wait.
#![allow(clippy::unwrap_used)]

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use cache_runtime::{Cache, FileJournal, Version, write_behind};
use serde::{Deserialize, Serialize};

const ITEMS: u64 = 60;

static ROWS: OnceLock<PathBuf> = OnceLock::new();

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    id: u64,
    stock: u64,
    filler: String,
}

#[write_behind(key = "item:<item.id>", value = item, every = "1h")]
async fn save(item: Item) -> Result<(), String> {
    let line = format!("{} {} {}\n", item.id, item.stock, Version::current());
    let rows = OpenOptions::new().create(true).append(true).open(ROWS.get().unwrap());
    rows.and_then(|mut rows| rows.write_all(line.as_bytes())).map_err(|error| error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let [what, dir] = env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    let dir = PathBuf::from(dir);
    ROWS.set(dir.join("rows")).unwrap();
    let journal = FileJournal::new(dir.join("journal"));
    Cache::builder().no_remote().journal(journal).build().install().unwrap();
    if what == "flush" {
        save::flush().await.unwrap();
    } else {
        for stock in 1..=2 {
            for id in 0..ITEMS {
                let filler = "-".repeat(100_000);
                save(Item { id, stock, filler }).await.unwrap();
            }
        }
    }
    println!("{}", save::pending().await.unwrap());
}
