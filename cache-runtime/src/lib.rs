//! Cache-aside for async Rust, with invalidations that hold.
//!
//! | word | means |
//! |---|---|
//! | call site | a function annotated with [`cached`] |
//! | local tier | values as they are, in this process; on [`Moka`] |
//! | remote tier | values as bytes, shared by processes; on `Redis` (feature `redis`) |
//! | entry | a value under a [`Key`], with a ttl and a version; [`EntryRef`] is a handle to one |
//! | load | the annotated function's own body, run because nothing was cached |
//! | flight | one load per key and process, for which everybody else waits |
//! | lease | with `lock = true`, one load per key in all processes |
//! | fresh, stale, expired | within its ttl; past it and within the stale window; past both |
//! | to refresh | to load a new value in place of one that is served meanwhile |
//! | to write through | the source first, then the cache: [`write_through`] |
//! | to write behind | the cache and a [`Journal`] now, the source later: [`write_behind`] |
//! | to invalidate | to say that what is cached is outdated; to evict is for want of room, to expire by time |
//!
//! # Quick start
//!
//! ```
//! use cache_runtime::{cached, invalidates};
//! # use std::io::Error as DbError;
//! # #[derive(Clone, serde::Serialize, serde::Deserialize)]
//! # struct User { id: u64, name: String }
//!
//! #[cached(ttl = 3600, key = "user:<id>", lock = true)]
//! async fn get_user(id: u64) -> Result<User, DbError> {
//!     Ok(User { id, name: "Ada".to_owned() }) // a query, say
//! }
//!
//! #[invalidates(key = "user:<id>")]
//! async fn rename_user(id: u64, name: &str) -> Result<(), DbError> {
//!     println!("user {id} is {name} now"); // an update, say
//!     Ok(())
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! get_user(42).await?; // a miss: runs the body
//! get_user(42).await?; // a hit
//! rename_user(42, "Grace").await?; // whoever reads from now on sees no older value
//! assert_eq!(get_user::stats().hits, 1);
//! # Ok::<_, DbError>(())
//! # })?;
//! # Ok::<_, DbError>(())
//! ```
//!
//! # How a read works
//!
//! 1. The key is rendered on the stack and looked up in the local tier. A hit is a clone of the
//!    value; no future is built and nothing is allocated.
//! 2. A miss joins the key's flight. Its first member goes on, the others wait for what it brings.
//! 3. The remote tier is asked for the value, or else for the right to fill it.
//! 4. The body runs. Its value fills the remote tier by compare-and-set, and the local tier unless
//!    the key was invalidated since the read began. Where Redis tells of changes, the local tier is
//!    filled once it has told of this one. Errors are never stored.
//!
//! A value whose ttl is about to end, or has ended within its `stale` window, is a hit, and is
//! replaced in the background: one load for all callers and processes, which goes through the same
//! steps and is stored only if nothing was invalidated. `docs/freshness.md` in the repository has each
//! state against each event.
//!
//! # What you can rely on
//!
//! If an invalidation of a key has returned before a read of that key begins, the read does not see
//! a value whose load began before the invalidation: through the same [`Cache`] in the same process,
//! always; in another process, once the invalidation has reached Redis, within one push of it. A
//! process that is cut off from Redis, or that Redis tells no changes, serves a local entry for at most
//! [`disconnected_ttl`](Builder::disconnected_ttl) (5 s). When it is connected again, all such entries
//! are dropped.
//!
//! Beyond that: a Redis that forgets a delete it has acknowledged (a failover, a restart from an older
//! snapshot) may bring an old value back until its ttl ends. The same goes for a process that dies
//! between its commit and the delete, unless it wrote with `at = "around"` ([`invalidates`]). Values
//! that Redis does not hold, too large for it or refused, live for at most `disconnected_ttl`; they are
//! invalidated in their own process alone, as are those of `local` functions. And a source that itself
//! answers with old data is beyond a cache: load from the primary, and invalidate after the commit
//! ([`deferred`]). `docs/what-you-can-rely-on.md` in the repository says who sees what, and what to do
//! about it.
//!
//! A fault of the cache never reaches the caller of a cached function: it runs the body, late by at
//! most the `remote_budget` (250 ms). With `lock`, a reader may also wait for a process that holds the
//! lease and is gone, for as long as the lease lasts (10 s).
//!
//! Values are dropped by the cache wherever it replaces or evicts them: their `Drop` must not use the
//! cache.
//!
//! # Writing
//!
//! [`invalidates`] lets the next reader load what was written. [`write_through`] stores it as well:
//! behind a barrier, so that neither a load nor another writer leaves something older. [`write_behind`]
//! returns once the value is in the cache and a journal; the database gets it later, of each key the
//! last value, with a [`Version`] to compare. [`ReadThrough`] is [`cached`] as a handle. The page
//! `docs/patterns.md` in the repository says what each promises, and when to take which.
//!
//! # Which cache
//!
//! Annotated functions use the cache that their attribute names (`cache = self.cache`), else the one
//! whose [`scope`](Cache::scope) they run in, else the process-wide one: the one
//! [`install`](Cache::install)ed, or one made from the enabled features.
//!
//! They want a tokio runtime with its timer on, as `#[tokio::main]` makes it.
//!
//! # Features
//!
//! | feature | means |
//! |---|---|
//! | `moka` (default) | the local tier [`Moka`] |
//! | `quick-cache` | the local tier `QuickCache`, for millions of entries; the default one where `moka` is off |
//! | `redis` | the remote tier `Redis` |
//! | `redis-tls` | `rediss://` URLs: TLS to Redis, by rustls with ring |
//! | `journal-redb` | `FileJournal`: the journal of [`write_behind`] in a file |
//! | `uuid` | `uuid::Uuid` may stand in keys |
//! | `testing` | fake clock, faulty and in-memory remote tier, conformance suites of backends |

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod background;
mod boxed;
mod breaker;
mod cache;
mod call_site;
mod clock;
mod codec;
mod deferred;
mod digest;
mod entry;
mod entry_ref;
mod error;
mod failure;
mod flight;
mod invalidation;
mod journal;
mod key;
mod life;
mod local;
mod lookup;
mod maintenance;
mod manner;
mod nesting;
mod policy;
mod read;
mod read_through;
mod remote;
mod returns;
mod site_for;
mod stats;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod timeout;
mod value_of;
mod value_type;
mod write_behind;
mod write_through;

pub use cache::{Builder, Cache};
pub use cache_macros::{cached, invalidates, write_behind, write_through};
pub use deferred::deferred;
pub use entry::Entry;
pub use entry_ref::EntryRef;
pub use error::{Error, ErrorKind, Result};
pub use failure::SharedError;
#[cfg(feature = "journal-redb")]
pub use journal::FileJournal;
pub use journal::{
    AnyJournal, Claimed, DeadLetter, Ending, Journal, LossyJournal, Put, Ready, Settled, Write,
};
pub use key::{Key, KeyPart, KeyRef, KeyWriter};
pub use local::LocalBackend;
#[cfg(feature = "moka")]
pub use local::Moka;
#[cfg(feature = "quick-cache")]
pub use local::QuickCache;
pub use manner::{bypass, refreshing};
pub use policy::Policy;
pub use read_through::ReadThrough;
#[cfg(feature = "redis")]
pub use remote::Redis;
pub use remote::{Changes, Moment, RemoteBackend};
pub use stats::{SiteStats, Stats};
pub use timeout::Timeout;
pub use write_behind::{Dead, Pending, Version};
