//! What annotated functions of every shape do, on the local tier.
#![allow(clippy::unwrap_used, reason = "tests")]

/// What a test does to a function and to a method alike.
macro_rules! for_each_shape {
    ($cache:ident, $call:ident => $test:block; $($shape:expr),+) => {
        $cache.scope(async { $({ let $call = $shape; $test })+ }).await
    };
}

mod arguments;
mod background;
mod bodies;
mod companions;
mod conditions;
mod detach;
mod freshness_settings;
mod generics;
mod invalidates;
mod keys;
mod methods;
mod returns;
mod settings;

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use cache_runtime::testing::FakeClock;
use cache_runtime::{Cache, Moka};

/// Counts how often a body ran.
struct Runs(AtomicU32);

impl Runs {
    const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// One more; the number of it.
    fn run(&self) -> u32 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

fn cache() -> Cache {
    Cache::builder().local(Moka::new()).no_remote().build()
}

/// Leaves the remote tier out of the cache of this process, in whichever test comes first.
fn local() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| cache().install().unwrap());
}

/// A cache whose time passes when a test says so.
fn on_clock() -> (Cache, FakeClock) {
    crate::local();
    let clock = FakeClock::new();
    let cache = Cache::builder().local(Moka::new()).no_remote().clock(clock.clone()).build();
    (cache, clock)
}
