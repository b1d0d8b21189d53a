//! An HTTP service over the same database: cached reads, invalidating writes, a stats page.
//!
//! `cargo run --release --example service`, then `curl localhost:3000/countries/NL`
//!
//! `ADDRESS` (`127.0.0.1:3000`) says where it listens, `DATABASE` (a file among the temporary
//! ones) where the data lies: processes that share a Redis share a database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{env, io};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cache_examples::{Country, Database, DbError, Subdivision, tiers};
use cache_runtime::{Cache, cached, invalidates};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

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

async fn get_country(State(db): State<Database>, code: Code) -> Result<Json<Country>, Failure> {
    country(&db, &code.0).await?.map(Json).ok_or(Failure::NotFound)
}

async fn get_subdivisions(
    State(db): State<Database>,
    code: Code,
) -> Result<Json<Arc<Vec<Subdivision>>>, Failure> {
    Ok(Json(subdivisions(&db, &code.0).await?))
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

async fn put_country(
    State(db): State<Database>,
    code: Code,
    Json(body): Json<Rename>,
) -> Result<Json<Country>, Failure> {
    rename(&db, &code.0, &body.name).await?.map(Json).ok_or(Failure::NotFound)
}
