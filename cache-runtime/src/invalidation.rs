//! Invalidating: local, remote, local again.

use std::borrow::Borrow;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::background;
use crate::cache::Cache;
use crate::entry_ref::EntryRef;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyWriter, rendered};
use crate::remote::pending::Telling as Counted;
use crate::remote::tier::Tier;
use crate::returns::Kind;

/// Makes what is cached under `key` count as outdated in both tiers.
pub(crate) async fn invalidate(cache: &Cache, key: &Key) -> Result<()> {
    let target = Target { cache: cache.clone(), key: key.clone() };
    match target.begin() {
        Begun::Done => Ok(()),
        Begun::Telling(task) => task.await.unwrap_or_else(|_| Err(untold())),
        Begun::Owed => Err(untold()),
    }
}

fn untold() -> Error {
    Error::new(ErrorKind::Unavailable, "no runtime is there to tell the remote tier")
}

/// One key of one cache.
struct Target {
    cache: Cache,
    key: Key,
}

/// How far an invalidation has come.
enum Begun {
    /// There is no remote tier.
    Done,
    /// The remote tier is being told.
    Telling(JoinHandle<Result<()>>),
    /// There is no runtime to tell it on.
    Owed,
}

impl Target {
    /// Tells the local tier, and begins to tell the remote one.
    fn begin(self) -> Begun {
        self.cache.invalidate_locally(&self.key);
        let Some(tier) = self.cache.any_remote().cloned() else {
            return Begun::Done;
        };
        let telling = Telling { _counted: tier.telling(), tier, target: self, told: false };
        background::start(telling.run()).map_or(Begun::Owed, Begun::Telling)
    }
}

/// Telling the remote tier. Dropped before the answer, with its runtime, it is owed.
struct Telling {
    tier: Arc<Tier>,
    target: Target,
    told: bool,
    _counted: Counted,
}

impl Telling {
    async fn run(mut self) -> Result<()> {
        let told = self.tier.invalidate(&self.target.key).await;
        self.told = true;
        told
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if !self.told {
            self.tier.owe(&self.target.key);
        }
        // What began in between may have read the old value from the remote tier.
        self.target.cache.invalidate_locally(&self.target.key);
    }
}

/// What an annotated function is going to invalidate. Dropped on the way, because the caller left
/// or the function panicked, it invalidates all the same: the write may have happened.
#[must_use = "it invalidates when it is settled"]
pub struct Invalidation {
    cache: Cache,
    targets: Vec<Target>,
    always: bool,
}

impl Default for Invalidation {
    fn default() -> Self {
        Self::new()
    }
}

impl Invalidation {
    /// An invalidation in the current cache.
    pub fn new() -> Self {
        Self::on(&Cache::current())
    }

    /// An invalidation in `cache`.
    pub fn on(cache: &Cache) -> Self {
        Self { cache: cache.clone(), targets: Vec::new(), always: false }
    }

    /// Invalidates after an error, too.
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Adds the key that `render` writes.
    pub fn key<W>(mut self, render: W) -> Self
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        let target = Target { cache: self.cache.clone(), key: rendered(render) };
        self.targets.push(target);
        self
    }

    /// Adds an entry, in the cache that it is of.
    pub fn entry<T>(mut self, entry: impl Borrow<EntryRef<T>>) -> Self {
        let entry = entry.borrow();
        self.targets.push(Target { cache: entry.cache.clone(), key: entry.key.clone() });
        self
    }

    /// Invalidates, unless `returned` is an error, and hands it back.
    pub async fn settle<K: Kind>(self, kind: K, returned: K::Return) -> K::Return {
        self.settle_with(kind, returned, |invalidation, _| invalidation).await
    }

    /// As [`settle`](Self::settle), with what `add` adds for the success value.
    pub async fn settle_with<K: Kind>(
        mut self,
        _: K,
        returned: K::Return,
        add: impl FnOnce(Self, &K::Success) -> Self,
    ) -> K::Return {
        match K::success(&returned) {
            Some(success) => self = add(self, success),
            None if !self.always => self.targets.clear(),
            None => {}
        }
        for telling in self.begin() {
            // What could not be told is owed, and the function's result is its own affair.
            let _ = telling.await;
        }
        returned
    }

    /// Begins all that was added, and leaves nothing to be done when this is dropped.
    fn begin(&mut self) -> Vec<JoinHandle<Result<()>>> {
        let targets = std::mem::take(&mut self.targets);
        let begun = targets.into_iter().map(Target::begin);
        let tasks = begun.filter_map(|begun| match begun {
            Begun::Telling(task) => Some(task),
            Begun::Done | Begun::Owed => None,
        });
        tasks.collect()
    }
}

impl Drop for Invalidation {
    fn drop(&mut self) {
        self.begin();
    }
}
