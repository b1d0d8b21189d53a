//! A value around the end of its life, while the database is well and while it isn't.
//!
//! `cargo run --example outage`
//!
//! The outage is real: another connection locks the database file, and queries fail.

use std::env;
use std::process;
use std::time::Duration;

use cache_examples::story::Story;
use cache_examples::{Country, Database, DbError, tiers};
use cache_runtime::cached;

/// Fresh for a second, and replaced in the background from the first read after 0.6 s on. For four
/// seconds more it is served while the database has no answer.
#[cached(key = "country:<code>", ttl = "1s", refresh = 0.6, stale = "4s")]
async fn country(db: &Database, code: &str) -> Result<Option<Country>, DbError> {
    db.country(code).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = tiers::install("outage")?;
    let file = env::temp_dir().join(format!("outage-{}.sqlite", process::id()));
    let db = Database::open(&file)?;
    if let Err(error) = country::entry("IS").invalidate().await {
        eprintln!("\n{error}: going on without it");
    }

    let story = Story::begin("A ttl of one second, four more of staleness", &db);
    story.chapter("Nobody waits for a value that is replaced ahead of its end");
    story.call("country IS", country(&db, "IS")).await?;
    db.rename_country("IS", "Ísland").await?;
    story.pause(Duration::from_millis(700)).await;
    story.call("0.7 s old: it is due", country(&db, "IS")).await?;
    story.pause(Duration::from_millis(50)).await;
    story.call("replaced meanwhile", country(&db, "IS")).await?;

    story.chapter("The database is locked: the old value is served, and one try a second is made");
    let outage = db.lock_out(&file).await?;
    story.pause(Duration::from_millis(1_100)).await;
    for age in ["1.1", "2.2", "3.3", "4.4"] {
        story.attempt(&format!("{age} s old"), country(&db, "IS")).await;
        story.pause(Duration::from_millis(100)).await;
        story.attempt("asked again at once", country(&db, "IS")).await;
        story.pause(Duration::from_secs(1)).await;
    }

    story.chapter("Past its window there is nothing to serve, and callers learn of it");
    story.attempt("5.5 s old", country(&db, "IS")).await;

    story.chapter("The database is back");
    drop(outage);
    story.call("country IS", country(&db, "IS")).await?;
    story.call("country IS", country(&db, "IS")).await?;

    story.end();
    cache.shutdown(Duration::from_secs(1)).await?;
    std::fs::remove_file(&file)?;
    Ok(())
}
