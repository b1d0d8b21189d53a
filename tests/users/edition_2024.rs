//! A user of edition 2024, with the code of the one of edition 2021.
#![deny(warnings, missing_docs, unreachable_pub, rust_2018_idioms, clippy::all, clippy::pedantic)]

pub mod common;
