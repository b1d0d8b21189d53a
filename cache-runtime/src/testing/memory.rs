mod barrier;

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use self::barrier::Barrier;
use super::FakeClock;
use super::followers::Followers;
use crate::clock::{Clock, millis};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{AnyJournal, LossyJournal};
use crate::remote::cell::{LEASE_MARK, VALUE_MARK};
use crate::remote::{Changes, RemoteBackend};

/// A remote tier in this process's memory.
///
/// Clones are the same store, so two caches given one clone each behave like two processes.
#[derive(Clone, Default)]
pub struct MemoryRemote {
    cells: Arc<Mutex<HashMap<String, Stored>>>,
    clock: Clock,
    told: Arc<Followers>,
    journal: LossyJournal,
}

struct Stored {
    cell: Bytes,
    expires: u64,
}

impl MemoryRemote {
    /// Makes an empty store that expires by the system's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty store that expires by `clock`.
    pub fn with_clock(clock: &FakeClock) -> Self {
        Self { clock: clock.clock(), ..Self::default() }
    }

    /// Puts `bytes` under `key`, whatever stood there, as another program could.
    pub fn plant(&self, key: &str, bytes: impl Into<Bytes>, ttl: Duration) {
        self.change(|store| store.set(key, bytes.into(), ttl));
    }

    /// Removes what stands under `key`, as another program could.
    pub fn delete(&self, key: &str) {
        self.change(|store| store.remove(key));
    }

    /// Keeps changes from being told until [`tell_changes`](Self::tell_changes).
    pub fn hold_changes(&self) {
        self.told.hold();
    }

    /// Tells the changes that were held, and all that follow, at once.
    pub fn tell_changes(&self) {
        self.told.release();
    }

    /// How many are told of changes.
    pub fn followers(&self) -> usize {
        self.told.count()
    }

    /// What stands under `key`.
    pub fn cell(&self, key: &str) -> Option<Bytes> {
        self.locked().get(key)
    }

    /// The keys under which something stands, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut store = self.locked();
        let now = store.now;
        store.cells.retain(|_, stored| stored.expires > now);
        let mut keys: Vec<String> = store.cells.keys().cloned().collect();
        keys.sort_unstable();
        keys
    }

    fn locked(&self) -> Store<'_> {
        Store {
            cells: self.cells.lock().unwrap_or_else(PoisonError::into_inner),
            now: self.clock.now(),
            changed: Vec::new(),
        }
    }

    /// Runs `change` as one step, and tells what it changed.
    fn change<T>(&self, change: impl FnOnce(&mut Store<'_>) -> T) -> T {
        let mut store = self.locked();
        let answer = change(&mut store);
        let changed = std::mem::take(&mut store.changed);
        drop(store);
        for key in &changed {
            self.told.tell(key);
        }
        answer
    }
}

impl fmt::Debug for MemoryRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryRemote").field(&self.keys()).finish()
    }
}

/// The store, locked, at one moment.
struct Store<'a> {
    cells: MutexGuard<'a, HashMap<String, Stored>>,
    now: u64,
    changed: Vec<String>,
}

impl Store<'_> {
    fn get(&self, key: &str) -> Option<Bytes> {
        let stored = self.cells.get(key)?;
        (stored.expires > self.now).then(|| stored.cell.clone())
    }

    fn set(&mut self, key: &str, cell: Bytes, ttl: Duration) {
        let expires = self.after(ttl);
        self.insert(key, Stored { cell, expires });
    }

    fn insert(&mut self, key: &str, stored: Stored) {
        self.cells.insert(key.to_owned(), stored);
        self.changed.push(key.to_owned());
    }

    fn remove(&mut self, key: &str) {
        if self.cells.remove(key).is_some() {
            self.changed.push(key.to_owned());
        }
    }

    fn invalidate(&mut self, key: &str) -> Result<()> {
        match self.get(key) {
            None => Ok(()),
            Some(found) if Barrier::is(&found) => {
                self.overlap(key, &found);
                Ok(())
            }
            Some(found) if is_voidable(&found) => {
                self.remove(key);
                Ok(())
            }
            Some(_) => Err(foreign()),
        }
    }

    /// Notes in the barrier `cell` that something has overlapped, which is a change in any case.
    fn overlap(&mut self, key: &str, cell: &Bytes) {
        match Barrier::parse(cell) {
            Some(barrier) => self.raise(key, &barrier.overlapped()),
            None => self.changed.push(key.to_owned()),
        }
    }

    /// Takes `writer` out of the barrier under `key`. Answers whether nothing has overlapped it.
    fn leave(&mut self, key: &str, writer: u64) -> Result<bool> {
        let Some(found) = self.get(key) else { return Ok(false) };
        let Some(mut barrier) = Barrier::parse(&found) else {
            return self.invalidate(key).map(|()| false);
        };
        if !barrier.leave(writer, self.now) {
            self.overlap(key, &found);
            return Ok(false);
        }
        self.raise(key, &barrier);
        Ok(barrier.is_empty() && !barrier.is_overlapped())
    }

    /// When `ttl` from now has passed.
    fn after(&self, ttl: Duration) -> u64 {
        self.now.saturating_add(millis(ttl).max(1))
    }

    /// Leaves `barrier` under `key` until its last hold ends, or nothing where nobody is in.
    fn raise(&mut self, key: &str, barrier: &Barrier) {
        if barrier.is_empty() {
            self.remove(key);
        } else {
            self.insert(key, Stored { cell: barrier.cell(), expires: barrier.ends() });
        }
    }
}

impl RemoteBackend for MemoryRemote {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.cell(key))
    }

    async fn get_or_set(&self, key: &str, cell: Bytes, ttl: Duration) -> Result<Option<Bytes>> {
        Ok(self.change(|store| {
            let found = store.get(key);
            if found.is_none() {
                store.set(key, cell, ttl);
            }
            found
        }))
    }

    async fn replace(
        &self,
        key: &str,
        expected: Bytes,
        cell: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        refuse_empty(&expected)?;
        Ok(self.change(|store| {
            let matches = store.get(key).is_some_and(|found| found.starts_with(&expected));
            if matches {
                store.set(key, cell, ttl);
            }
            matches
        }))
    }

    async fn extend(&self, key: &str, expected: Bytes, ttl: Duration) -> Result<bool> {
        refuse_empty(&expected)?;
        Ok(self.change(|store| {
            let matches = store.get(key).is_some_and(|found| found == expected);
            if matches {
                store.set(key, expected, ttl);
            }
            matches
        }))
    }

    async fn release(&self, key: &str, expected: Bytes) -> Result<bool> {
        refuse_empty(&expected)?;
        Ok(self.change(|store| {
            let matches = store.get(key).is_some_and(|found| found == expected);
            if matches {
                store.remove(key);
            }
            matches
        }))
    }

    async fn invalidate(&self, key: &str) -> Result<()> {
        self.change(|store| store.invalidate(key))
    }

    async fn enter(&self, key: &str, writer: u64, hold: Duration) -> Result<()> {
        self.change(|store| {
            let mut barrier = match store.get(key) {
                None => Barrier::default(),
                Some(found) if is_voidable(&found) => Barrier::default(),
                Some(found) => Barrier::parse(&found).ok_or_else(foreign)?,
            };
            let deadline = store.after(hold);
            barrier.enter(writer, store.now, deadline);
            store.raise(key, &barrier);
            Ok(())
        })
    }

    async fn stay(&self, key: &str, writer: u64, hold: Duration) -> Result<bool> {
        Ok(self.change(|store| {
            let deadline = store.after(hold);
            let Some(mut barrier) = store.get(key).as_ref().and_then(Barrier::parse) else {
                return false;
            };
            let is_in = barrier.stay(writer, deadline);
            if is_in {
                store.raise(key, &barrier);
            }
            is_in
        }))
    }

    async fn leave(&self, key: &str, writer: u64) -> Result<()> {
        self.change(|store| store.leave(key, writer)).map(drop)
    }

    async fn leave_filled(
        &self,
        key: &str,
        writer: u64,
        cell: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        self.change(|store| {
            let may_fill = store.leave(key, writer)?;
            if may_fill {
                store.set(key, cell, ttl);
            }
            Ok(may_fill)
        })
    }

    fn journal(&self, _: &str) -> Option<AnyJournal> {
        Some(AnyJournal::new(self.journal.clone()))
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.change(|store| {
            let cleared = |(key, stored): &(&String, &Stored)| {
                key.starts_with(prefix) && is_voidable(&stored.cell)
            };
            let keys: Vec<_> = store.cells.iter().filter(cleared).map(|it| it.0.clone()).collect();
            for key in &keys {
                store.remove(key);
            }
            let is_barrier = |(key, stored): &(&String, &Stored)| {
                key.starts_with(prefix) && Barrier::is(&stored.cell)
            };
            let barriers = store.cells.iter().filter(is_barrier);
            let barriers: Vec<_> = barriers.map(|it| (it.0.clone(), it.1.cell.clone())).collect();
            for (key, cell) in &barriers {
                store.overlap(key, cell);
            }
        });
        Ok(())
    }

    async fn follow(&self, _: &str, changes: Changes) -> Result<Infallible> {
        Ok(self.told.follow(changes).await)
    }
}

/// Whether an invalidation removes `cell`.
fn is_voidable(cell: &Bytes) -> bool {
    cell.starts_with(&VALUE_MARK) || cell.starts_with(&LEASE_MARK)
}

fn foreign() -> Error {
    Error::new(ErrorKind::Foreign, "the key holds data of another program")
}

fn refuse_empty(expected: &Bytes) -> Result<()> {
    if expected.is_empty() {
        return Err(Error::new(ErrorKind::Config, "an empty prefix would match every cell"));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::conformance;

    #[tokio::test]
    async fn the_store_in_memory_is_a_remote_tier() {
        conformance::remote(MemoryRemote::new).await;
    }

    #[tokio::test]
    async fn clones_are_one_store_and_a_fake_clock_expires_it() {
        let clock = FakeClock::new();
        let (one, two) = {
            let one = MemoryRemote::with_clock(&clock);
            (one.clone(), one)
        };
        one.plant("a", "bytes", Duration::from_millis(2));
        assert_eq!(two.keys(), ["a"]);
        clock.advance(Duration::from_millis(1));
        assert!(two.get("a").await.unwrap().is_some());
        clock.advance(Duration::from_millis(1));
        assert_eq!(two.get("a").await.unwrap(), None);
        assert!(two.keys().is_empty());
    }
}
