//! What annotated functions of every shape do, on the local tier.
#![allow(clippy::unwrap_used, reason = "tests")]

mod arguments;
mod bodies;
mod companions;
mod detach;
mod generics;
mod invalidates;
mod keys;
mod methods;
mod returns;
mod settings;

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

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
