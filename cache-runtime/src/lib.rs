//! Cache-aside for async Rust, with invalidations that hold.

mod breaker;
mod clock;
mod codec;
mod error;
mod remote;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "redis")]
pub use remote::Redis;
pub use remote::RemoteBackend;
