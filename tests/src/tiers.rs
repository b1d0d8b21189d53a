use std::future::Future;
use std::time::Duration;

use cache_runtime::testing::{FakeClock, Faulty, MemoryRemote, Probe};
use cache_runtime::{Builder, Cache};

use crate::eventually;

/// A cache of its own for each test, and what it is made of.
pub struct Tiers {
    /// Which tiers it has.
    pub name: &'static str,
    /// The cache.
    pub cache: Cache,
    /// Its clock.
    pub clock: FakeClock,
    /// Its remote tier, which fails on command; no cache uses it where there is none.
    pub remote: Faulty<MemoryRemote>,
    /// The cells of the remote tier.
    pub cells: MemoryRemote,
}

/// Runs `test` on a cache with a local tier, with a remote one, and with both.
pub async fn on_all_tiers<F: Future<Output = ()>>(test: impl Fn(Tiers) -> F) {
    for name in ["local", "remote", "both"] {
        let tiers = Tiers::new(name);
        tiers.told().await;
        let cache = tiers.cache.clone();
        eprintln!("on {name}");
        cache.scope(test(tiers)).await;
    }
}

impl Tiers {
    /// A cache with a `local` tier, a `remote` one, or `both`.
    pub fn new(name: &'static str) -> Self {
        Self::built(name, |builder| builder)
    }

    /// As [`new`](Self::new), with more settings.
    pub fn built(name: &'static str, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = FakeClock::new();
        let cells = MemoryRemote::with_clock(&clock);
        let remote = Faulty::new(cells.clone());
        let mut builder = Cache::builder().name(name).namespace("test").clock(clock.clone());
        if name == "local" {
            builder = builder.no_remote();
        } else {
            builder = builder.remote(remote.clone());
        }
        if name == "remote" {
            builder = builder.no_local();
        }
        let cache = settings(builder).build();
        Self { name, cache, clock, remote, cells }
    }

    /// Waits until the cache is told of what others change; at once where there is no remote tier.
    pub async fn told(&self) {
        let is_told = || async { self.name == "local" || self.cache.is_told() };
        eventually(Duration::from_secs(5), is_told).await;
    }

    /// Waits until nothing is being loaded or written any more.
    pub async fn landed(&self) {
        eventually(Duration::from_secs(5), || async { self.cache.in_flight() == 0 }).await;
    }

    /// Another process on the same remote tier, with both tiers.
    pub fn another(&self) -> Self {
        let (clock, cells) = (self.clock.clone(), self.cells.clone());
        let remote = Faulty::new(cells.clone());
        let builder = Cache::builder().name("another").namespace("test").clock(clock.clone());
        let cache = builder.remote(remote.clone()).build();
        Self { name: "both", cache, clock, remote, cells }
    }

    /// Another process's cache on the same remote tier, without a local one.
    pub fn elsewhere(&self) -> Cache {
        let builder = Cache::builder().name("elsewhere").namespace("test");
        builder.clock(self.clock.clone()).remote(self.cells.clone()).no_local().build()
    }

    /// The cells of the remote tier that are leases.
    pub fn leases(&self) -> Vec<String> {
        self.keys_of(b"\xC1L")
    }

    /// The cells of the remote tier that are barriers.
    pub fn barriers(&self) -> Vec<String> {
        self.keys_of(b"\xC1B")
    }

    fn keys_of(&self, mark: &[u8]) -> Vec<String> {
        let is_one = |key: &String| self.cells.cell(key).is_some_and(|cell| cell.starts_with(mark));
        self.cells.keys().into_iter().filter(is_one).collect()
    }
}
