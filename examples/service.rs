//! An HTTP service over the same database: cached reads, invalidating writes, a stats page.
//!
//! `cargo run --release --example service`, then `curl localhost:3000/countries/NL`
//!
//! `ADDRESS` (`127.0.0.1:3000`) is where it listens, `DATABASE` (a file in the temporary folder)
//! where the data lies: processes that share a Redis share the database behind it, too.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cache_examples::{Country, Database, DbError, Subdivision, shutdown, tiers};
use cache_runtime::{Cache, cached, invalidates};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[cached(ttl = "10m", key = "country:<code>", lock = true)]
async fn country(db: &Database, code: &str) -> Result<Option<Country>, DbError> {
    db.country(code).await
}

#[cached(ttl = "10m", key = "subdivisions:<country>")]
async fn subdivisions(db: &Database, country: &str) -> Result<Arc<Vec<Subdivision>>, DbError> {
    db.subdivisions(country).await.map(Arc::new)
}

#[invalidates(entry = country(code))]
async fn rename(db: &Database, code: &str, name: &str) -> Result<Option<Country>, DbError> {
    db.rename_country(code, name).await
}

async fn get_country(
    State(db): State<Database>,
    Path(code): Path<String>,
) -> Result<Json<Country>, Failure> {
    country(&db, &alpha2(&code)?).await?.map(Json).ok_or(Failure::NotFound)
}

async fn get_subdivisions(
    State(db): State<Database>,
    Path(code): Path<String>,
) -> Result<Json<Arc<Vec<Subdivision>>>, Failure> {
    let code = alpha2(&code)?;
    country(&db, &code).await?.ok_or(Failure::NotFound)?;
    Ok(Json(subdivisions(&db, &code).await?))
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

async fn put_country(
    State(db): State<Database>,
    Path(code): Path<String>,
    Json(Rename { name }): Json<Rename>,
) -> Result<Json<Country>, Failure> {
    rename(&db, &alpha2(&code)?, &name).await?.map(Json).ok_or(Failure::NotFound)
}

/// The two letters of a country in capitals: one spelling, one key. What can't be a code never
/// reaches the cache, where strangers could fill it with absences.
fn alpha2(code: &str) -> Result<String, Failure> {
    let letters = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    letters.then(|| code.to_ascii_uppercase()).ok_or(Failure::NotFound)
}

#[derive(Serialize)]
struct StatsPage {
    tiers: &'static str,
    queries: u64,
    hit_ratio: f64,
    functions: BTreeMap<String, FunctionStats>,
}

#[derive(Serialize)]
struct FunctionStats {
    hits: u64,
    remote_hits: u64,
    misses: u64,
    loads: u64,
    joins: u64,
    hit_ratio: f64,
}

async fn get_stats(State(db): State<Database>) -> Json<StatsPage> {
    let stats = Cache::current().stats();
    let functions = stats.sites.iter().map(|site| {
        let counted = FunctionStats {
            hits: site.hits,
            remote_hits: site.remote_hits,
            misses: site.misses,
            loads: site.loads,
            joins: site.joins,
            hit_ratio: site.hit_ratio(),
        };
        (site.function.clone(), counted)
    });
    Json(StatsPage {
        tiers: tiers::describe(),
        queries: db.queries(),
        hit_ratio: stats.hit_ratio(),
        functions: functions.collect(),
    })
}

enum Failure {
    NotFound,
    Database(DbError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "no such country\n").into_response(),
            Self::Database(error) => {
                eprintln!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = tiers::install("service")?;
    let file = env::var_os("DATABASE").map_or_else(default_file, PathBuf::from);
    let routes = Router::new()
        .route("/countries/{code}", get(get_country).put(put_country))
        .route("/countries/{code}/subdivisions", get(get_subdivisions))
        .route("/stats", get(get_stats))
        .with_state(Database::open(&file)?);

    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening  http://{}", listener.local_addr()?);
    println!("tiers      {}", tiers::describe());
    println!("database   {}", file.display());
    axum::serve(listener, routes).with_graceful_shutdown(shutdown::requested()).await?;

    // Requests have ended; what Redis must still be told is told now.
    if let Err(error) = cache.shutdown(Duration::from_secs(5)).await {
        eprintln!("{error}");
    }
    println!("bye");
    Ok(())
}

fn default_file() -> PathBuf {
    env::temp_dir().join("cache-examples.sqlite")
}
