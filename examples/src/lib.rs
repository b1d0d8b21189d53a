//! What the examples share: a small database of real data, and how to print.
//!
//! - [`database`]: ISO 3166 countries and subdivisions in `SQLite`, which counts its queries.
//! - [`tiers`]: the cache, with the tiers whose feature is on.
//! - [`stock`]: an inventory in `SQLite`, which counts its statements.
//! - [`shutdown`]: when it is time to go.
//! - [`story`]: runs a call and prints what it took.
//! - [`terminal`]: colours where they are wanted, numbers a person can read.

pub mod database;
pub mod shutdown;
pub mod stock;
pub mod story;
pub mod terminal;
pub mod tiers;

pub use database::{Country, Database, DbError, Outage, Subdivision};
