//! The suites that every backend must pass, the ones that come with the crate included.
//!
//! They panic, with the line of the contract that is broken.

mod barrier;
mod local;
mod remote;

pub use local::local;
pub use remote::remote;
