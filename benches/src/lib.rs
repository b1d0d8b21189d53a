//! A harness that measures this cache and its peers in one process, in turns.
//!
//! | binary | what it measures |
//! |---|---|
//! | `hit` | a warm hit in the process, on one thread and on several |
//! | `instructions` | instructions of such a hit |
//! | `allocations` | heap allocations of such a hit |
//! | `hit_ratio` | what share of a trace's calls are hits |
//! | `redis_hit` | a warm hit in Redis, in sequence and 64 at once |
//! | `stampede` | how often the body runs when many tasks ask for one cold key |
//! | `waiters` | bytes a task that waits for such a load |
//! | `expiry` | a hot key across its expiries: what readers wait, and what the origin is asked |
//! | `coherence` | invalidations on their way to other processes, and life without Redis |
//! | `depending` | packages, builds and code of an app that depends on a cache |
//! | `writes` | a write, directly, through the cache and behind it |
//!
//! Machines drift: the clock speed changes, neighbours wake up. Cases therefore take turns, in an
//! order drawn anew each round, and a ratio is the median of the ratios *within* rounds.

pub mod coherence;
pub mod contender;
pub mod depending;
pub mod expiry;
pub mod flags;
pub mod hit;
pub mod hit_ratio;
pub mod kept;
pub mod machine;
mod one_at_a_time;
pub mod peers;
pub mod redis_hit;
pub mod redis_server;
pub mod report;
pub mod stampede;
pub mod stats;
pub mod turns;
pub mod workload;
pub mod writes;
