//! Cache-aside for async Rust, with invalidations that hold.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod background;
mod breaker;
mod cache;
mod call_site;
mod clock;
mod codec;
mod entry;
mod entry_ref;
mod error;
mod failure;
mod flight;
mod invalidation;
mod key;
mod local;
mod maintenance;
mod nesting;
mod policy;
mod read;
mod remote;
mod returns;
mod site_for;
mod stats;
mod sync;
mod value_of;
#[cfg(feature = "testing")]
pub mod testing;

pub use cache::{Builder, Cache};
pub use cache_macros::{cached, invalidates};
pub use entry::Entry;
pub use entry_ref::EntryRef;
pub use error::{Error, ErrorKind, Result};
pub use failure::SharedError;
pub use key::{Key, KeyPart, KeyRef, KeyWriter};
pub use local::LocalBackend;
#[cfg(feature = "moka")]
pub use local::Moka;
pub use policy::Policy;
#[cfg(feature = "redis")]
pub use remote::Redis;
pub use remote::RemoteBackend;
pub use stats::{SiteStats, Stats};
