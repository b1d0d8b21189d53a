//! Cached lookups over a database: a miss, a hit, an update, a stampede.
//!
//! `cargo run --example quickstart`

use std::sync::Arc;
use std::time::Duration;

use cache_examples::story::Story;
use cache_examples::{Country, Database, DbError, Subdivision, tiers};
use cache_runtime::{cached, invalidates};

/// The body runs on a miss; its value is kept for an hour, under a key such as `country:NL`.
/// With `lock`, one process at a time loads it, however many share a Redis.
#[cached(ttl = 3600, key = "country:<code>", lock = true)]
async fn country(db: &Database, code: &str) -> Result<Option<Country>, DbError> {
    db.country(code).await
}

/// An `Arc` is stored as it is: a hit copies a pointer, not a list.
#[cached(ttl = "1h", key = "subdivisions:<country>")]
async fn subdivisions(db: &Database, country: &str) -> Result<Arc<Vec<Subdivision>>, DbError> {
    db.subdivisions(country).await.map(Arc::new)
}

/// After `Ok`, what `country(code)` has cached counts as outdated, here and in every process.
#[invalidates(entry = country(code))]
async fn rename(db: &Database, code: &str, name: &str) -> Result<Option<Country>, DbError> {
    db.rename_country(code, name).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = tiers::install("quickstart")?;
    let db = Database::in_memory()?;
    if let Err(error) = start_cold().await {
        eprintln!("\n{error}: going on without it");
    }

    let story = Story::begin("249 countries, 5,070 subdivisions, one cache", &db);
    story.chapter("The first call asks the database, the second does not");
    story.call("country NL", country(&db, "NL")).await?;
    story.call("country NL", country(&db, "NL")).await?;
    story.call("subdivisions JP", subdivisions(&db, "JP")).await?;
    story.call("subdivisions JP", subdivisions(&db, "JP")).await?;

    story.chapter("That there is nothing is worth remembering, too");
    story.call("country XX", country(&db, "XX")).await?;
    story.call("country XX", country(&db, "XX")).await?;

    story.chapter("An update invalidates: the next read is fresh");
    story.call("rename NL", rename(&db, "NL", "Netherlands")).await?;
    story.call("country NL", country(&db, "NL")).await?;
    story.call("country NL", country(&db, "NL")).await?;

    story.chapter("A thousand tasks ask for one cold key: one query");
    let calls = (0..1_000).map(|_| {
        let db = db.clone();
        async move { country(&db, "IS").await }
    });
    story.crowd("country IS, 1,000 times", calls).await?;

    story.chapter("And what is asked for again and again costs next to nothing");
    let codes = db.codes().await?;
    let calls = (0..10_000).map(|n| country(&db, &codes[n % codes.len()]));
    story.series("country, 10,000 times", calls).await?;

    story.end();
    if let Err(error) = cache.shutdown(Duration::from_secs(1)).await {
        eprintln!("{error}");
    }
    Ok(())
}

/// The database is new on every run; what Redis remembers of the last run is not.
async fn start_cold() -> cache_runtime::Result<()> {
    for code in ["NL", "XX", "IS"] {
        country::entry(code).invalidate().await?;
    }
    subdivisions::entry("JP").invalidate().await
}
