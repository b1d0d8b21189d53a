//! Invalidating: local, remote, local again.

mod target;

use std::borrow::Borrow;

pub(crate) use target::Target;

use crate::cache::Cache;
use crate::deferred;
use crate::entry_ref::{EntryRef, Filling};
use crate::error::Result;
use crate::key::{Key, KeyWriter, rendered};
use crate::returns::Kind;

/// Makes what is cached under `key` count as outdated in both tiers, at once.
pub(crate) async fn invalidate(cache: &Cache, key: &Key) -> Result<()> {
    Target::new(cache, key.clone()).tell().await
}

/// Begins all of `targets` at once, and waits until they are told.
pub(crate) async fn tell(targets: Vec<Target>) {
    let begun: Vec<_> = targets.into_iter().map(Target::begin).collect();
    for telling in begun {
        // What could not be told is owed, and the function's result is its own affair.
        let _ = telling.told().await;
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
        self.targets.push(Target::new(&self.cache, rendered(render)));
        self
    }

    /// Adds an entry, in the cache that it is of.
    pub fn entry<T>(mut self, entry: impl Borrow<EntryRef<T>>) -> Self {
        let entry: &EntryRef<T> = entry.borrow();
        self.targets.push(Target::new(&entry.any.cache, entry.any.key.clone()));
        self
    }

    /// Puts up a barrier around each key that was added, until it is settled: nothing is cached
    /// under it. If the caller leaves then, the barrier stays for its hold.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes the barriers down again.
    pub async fn around(mut self) -> Self {
        let mut raising = Raising(std::mem::take(&mut self.targets));
        let mut entering: Vec<_> = raising.0.iter_mut().map(Target::enter).collect();
        for (target, entering) in raising.0.iter_mut().zip(&mut entering) {
            if let Some(entering) = entering {
                target.entered(entering.place().await);
            }
        }
        self.targets = std::mem::take(&mut raising.0);
        self
    }

    /// Lets `filling` take the place of the one barrier that was put up, if nothing has overlapped it.
    pub(crate) fn filled(mut self, filling: Option<Filling>) -> Self {
        if let (Some(target), Some(filling)) = (self.targets.first_mut(), filling) {
            target.fill_with(filling);
        }
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
            // Its barrier comes down in any case, and has voided what was there.
            None if !self.always => self.targets.retain(Target::is_barred),
            None => {}
        }
        let targets = std::mem::take(&mut self.targets);
        tell(deferred::put_off(targets)).await;
        returned
    }
}

impl Drop for Invalidation {
    fn drop(&mut self) {
        let mut targets = std::mem::take(&mut self.targets);
        targets.iter_mut().for_each(Target::linger);
        for target in deferred::put_off(targets) {
            target.begin();
        }
    }
}

/// Targets whose barriers go up, before the body has begun.
struct Raising(Vec<Target>);

impl Drop for Raising {
    fn drop(&mut self) {
        for target in self.0.drain(..) {
            target.begin();
        }
    }
}
