//! What the examples share: a small database of real data, and how to print.
//!
//! - [`database`]: ISO 3166 countries and subdivisions in SQLite, which counts its queries.
//! - [`story`]: runs a call and prints what it took.
//! - [`terminal`]: colours where they are wanted, numbers a person can read.

pub mod database;
pub mod story;
pub mod terminal;

pub use database::{Country, Database, DbError, Subdivision};
