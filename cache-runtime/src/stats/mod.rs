//! What the cache did, counted.

mod counters;
mod leaning;

use std::fmt;

pub(crate) use counters::{Counters, Event, SiteCounters};

/// What the remote tier of a cache went through.
#[derive(Default)]
pub(crate) struct RemoteStats {
    pub(crate) breaker_opened: u64,
    pub(crate) breaker_closed: u64,
    pub(crate) feed_armed: u64,
    pub(crate) feed_lost: u64,
    pub(crate) barriers_missed: u64,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident: $event:ident,)*) => {
        /// What one call site did, through one cache, since the cache was made.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct SiteStats {
            /// The function: its module path and name.
            pub function: String,
            /// The key template as written; empty where the function has none.
            pub key: &'static str,
            $($(#[$doc])* pub $field: u64,)*
        }

        /// What a cache did since it was made: totals, and each call site's.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            /// The name of the cache.
            pub name: String,
            $($(#[$doc])* pub $field: u64,)*
            /// Times the breaker began to leave the remote tier alone.
            pub breaker_opened: u64,
            /// Times it found the remote tier well again.
            pub breaker_closed: u64,
            /// Times the local tier began to be told of what other processes change.
            pub feed_armed: u64,
            /// Times it ceased to be, so that what it holds lives shortly.
            pub feed_lost: u64,
            /// Times a write with `at = "around"` began without its barrier in the remote tier, or
            /// lost it on the way: dying right after its commit, it would leave an old value there
            /// until the ttl.
            pub barriers_missed: u64,
            /// Each call site's, in the order of their first calls.
            pub sites: Vec<SiteStats>,
        }

        impl SiteStats {
            pub(crate) fn new(function: String, key: &'static str, counters: &SiteCounters) -> Self {
                Self { function, key, $($field: counters.get(Event::$event),)* }
            }

            /// Whether nothing was counted.
            pub(crate) fn is_empty(&self) -> bool {
                [$(self.$field),*].iter().all(|count| *count == 0)
            }
        }

        impl Stats {
            pub(crate) fn new(name: String, remote: RemoteStats, sites: Vec<SiteStats>) -> Self {
                Self {
                    name,
                    $($field: sites.iter().map(|site| site.$field).sum(),)*
                    breaker_opened: remote.breaker_opened,
                    breaker_closed: remote.breaker_closed,
                    feed_armed: remote.feed_armed,
                    feed_lost: remote.feed_lost,
                    barriers_missed: remote.barriers_missed,
                    sites,
                }
            }
        }
    };
}

counts! {
    /// Reads that found a value, in either tier.
    hits: Hit,
    /// Reads that found none: each ran the function, or waited for another that did.
    misses: Miss,
    /// Hits that were past their ttl and within the stale window.
    stale_hits: StaleHit,
    /// Times the function's body ran on behalf of the cache.
    loads: Load,
    /// Loads that ended in an error.
    load_errors: LoadError,
    /// Reads that were served by a load another read had begun.
    joins: Join,
    /// Reads that went past the cache.
    bypasses: Bypass,
    /// Loads not stored, since an invalidation or another value overtook them.
    discarded: Discarded,
    /// Reads that waited for another process's load.
    lease_waits: LeaseWait,
    /// Hits that were found in the remote tier.
    remote_hits: RemoteHit,
    /// Reads that could not ask the remote tier or use what it held, and fills of it that failed.
    remote_errors: RemoteError,
}

fn ratio(hits: u64, misses: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a ratio of counts needs no more precision")]
    match hits + misses {
        0 => 0.0,
        reads => hits as f64 / reads as f64,
    }
}

impl SiteStats {
    /// The share of reads that found a value, from 0 to 1; 0 where there was no read.
    pub fn hit_ratio(&self) -> f64 {
        ratio(self.hits, self.misses)
    }
}

impl Stats {
    /// The share of reads that found a value, from 0 to 1; 0 where there was no read.
    pub fn hit_ratio(&self) -> f64 {
        ratio(self.hits, self.misses)
    }
}

impl fmt::Display for SiteStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} hits, {} misses, {:.1} %, {} loads",
            self.function,
            self.hits,
            self.misses,
            100.0 * self.hit_ratio(),
            self.loads
        )
    }
}
