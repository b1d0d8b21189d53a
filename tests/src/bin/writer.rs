//! A process that writes a row with a barrier around it, and stands still in between: it says
//! `begun`, waits for a line, commits, says `committed`, and waits for another one.
//!
//! The row is a key of the same Redis, outside the cache's namespace.
#![allow(clippy::unwrap_used)]

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use cache_runtime::{Cache, Redis, invalidates};

fn say(word: &str) {
    println!("{word}");
    io::stdout().flush().unwrap();
}

async fn hear() {
    let line = || io::stdin().lines().next().unwrap().unwrap();
    tokio::task::spawn_blocking(line).await.unwrap();
}

#[invalidates(key = "row", at = "around")]
async fn write(url: &str, value: u64) -> redis::RedisResult<()> {
    say("begun");
    hear().await;
    let mut connection = redis::Client::open(url)?.get_connection()?;
    redis::cmd("SET").arg("row").arg(value).exec(&mut connection)?;
    say("committed");
    hear().await;
    Ok(())
}

#[tokio::main]
async fn main() {
    let [url, value, hold] = env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    let hold = Duration::from_millis(hold.parse().unwrap());
    let cache = Cache::builder().namespace("shop").remote(Redis::new(&url).unwrap());
    let cache = cache.no_local().barrier_hold(hold).build();
    cache.scope(write(&url, value.parse().unwrap())).await.unwrap();
    assert_eq!(cache.stats().barriers_missed, 0);
    say("ended");
}
