//! A user of edition 2021.
#![deny(warnings, missing_docs, unreachable_pub, rust_2018_idioms, clippy::all, clippy::pedantic)]

#[path = "../../users/common.rs"]
pub mod common;
