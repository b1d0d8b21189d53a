//! The suites that every backend must pass, the ones that come with the crate included.
//!
//! They panic, with the line of the contract that is broken.

#[allow(clippy::expect_used, reason = "a suite panics where the contract is broken")]
mod barrier;
mod feed;
mod journal;
mod local;
mod remote;

pub use feed::feed;
pub use journal::journal;
pub use local::local;
pub use remote::remote;
