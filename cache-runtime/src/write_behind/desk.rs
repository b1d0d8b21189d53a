//! What a cache has to do with its journal.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::clock::{Clock, Seen, micros};
use super::flusher::{self, Flusher};
use super::{WriteBehind, payload, registered};
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::invalidation;
use crate::journal::{AnyJournal, Claimed, DeadLetter, DynJournal, Put, Ready, Settled, Write};
use crate::key::Key;
use crate::sync::Mutex;

/// A claim or a settlement moves a whole batch: it may take so many times longer than a write.
const PATIENCE: u32 = 20;

/// The journal of a cache, and what this process knows of it.
pub(crate) struct Desk {
    journal: Option<AnyJournal>,
    /// Whether whoever built the cache named it: then readers ask it in any case.
    is_named: bool,
    /// How long a write waits for it; where it may have to be waited for.
    budget: Option<Duration>,
    hold: Duration,
    clock: Mutex<Clock>,
    /// Of each key and function, the version that was written without the journal, and which it may
    /// not know of.
    owed: Mutex<HashMap<Key, HashMap<&'static str, u64>>>,
    flushers: Mutex<HashMap<&'static str, (&'static WriteBehind, Arc<Flusher>)>>,
    is_well: AtomicBool,
    is_resumed: AtomicBool,
}

async fn in_time<T>(time: Duration, command: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(time, command).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Timeout, "the journal did not answer in time"))
    })
}

/// What became of a write on its way into the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Placed {
    /// It waits.
    Taken(u64),
    /// There is no room for it.
    Refused(u64),
    /// It is not known whether it waits: the journal did not answer.
    Unreached(u64),
}

impl Placed {
    pub(super) fn sequence(self) -> u64 {
        match self {
            Self::Taken(sequence) | Self::Refused(sequence) | Self::Unreached(sequence) => sequence,
        }
    }
}

impl Desk {
    pub(crate) fn new(
        journal: Option<AnyJournal>,
        is_named: bool,
        budget: Duration,
        hold: Duration,
    ) -> Self {
        let is_local = journal.as_ref().is_some_and(|journal| journal.0.is_local());
        let budget = (!is_local).then_some(budget);
        Self {
            journal,
            is_named,
            budget,
            hold,
            clock: Mutex::default(),
            owed: Mutex::default(),
            flushers: Mutex::default(),
            is_well: AtomicBool::new(true),
            is_resumed: AtomicBool::new(false),
        }
    }

    pub(super) fn hold(&self) -> Duration {
        self.hold
    }

    fn journal(&self) -> Result<&dyn DynJournal> {
        let journal = self.journal.as_ref().map(|journal| &*journal.0);
        let reason = "the cache has no journal: name one with `Builder::journal`, or enable `redis` or \
            `journal-redb`";
        journal.ok_or_else(|| Error::new(ErrorKind::Config, reason))
    }

    async fn call<T>(&self, times: u32, command: impl Future<Output = Result<T>>) -> Result<T> {
        match self.budget {
            Some(budget) => in_time(budget * times, command).await,
            None => command.await,
        }
    }

    /// Lets a write wait, if the journal takes it.
    pub(super) async fn place(
        &self,
        cache: &Cache,
        function: &'static WriteBehind,
        key: &Key,
        payload: Result<Bytes>,
    ) -> Placed {
        let put = match payload {
            Ok(payload) => self.put(function, key, payload).await,
            Err(error) => Err(error),
        };
        self.report(cache, function, &put);
        match put {
            // It would be forgotten with what is older than a write made without the journal.
            Ok(Put::Taken { sequence, .. }) if self.owes(function, key) >= sequence => {
                Placed::Unreached(self.clock.lock().version())
            }
            Ok(Put::Taken { sequence, waiting }) => {
                self.replaced(key, sequence);
                let is_batch = waiting >= function.batch as u64;
                self.start(cache, function).wake(is_batch);
                Placed::Taken(sequence)
            }
            Ok(Put::Refused { sequence }) => {
                self.start(cache, function).wake(true);
                Placed::Refused(sequence)
            }
            Ok(Put::Late) | Err(_) => Placed::Unreached(self.clock.lock().version()),
        }
    }

    async fn put(&self, function: &'static WriteBehind, key: &Key, payload: Bytes) -> Result<Put> {
        function.check_name()?;
        let journal = self.journal()?;
        let until = self.until().await?;
        let write = Write {
            function: function.name().to_owned(),
            key: key.as_str().to_owned(),
            payload,
            due: function.every,
            room: function.room,
            until,
        };
        let asked = Instant::now();
        let put = self.call(1, journal.put(write)).await?;
        let mut clock = self.clock.lock();
        match put {
            Put::Taken { sequence, .. } | Put::Refused { sequence } => {
                clock.saw(sequence, asked);
            }
            // The journal's clock is not what it was.
            Put::Late => clock.seen = None,
        }
        Ok(put)
    }

    /// When this process gives up a write that it sends now, by the journal's clock.
    async fn until(&self) -> Result<u64> {
        let Some(budget) = self.budget else {
            return Ok(u64::MAX);
        };
        let seen = self.clock.lock().seen;
        let seen = match seen {
            Some(seen) => seen,
            None => {
                let asked = Instant::now();
                let sequence = self.call(1, self.journal()?.now()).await?;
                self.clock.lock().saw(sequence, asked)
            }
        };
        Ok(seen.earliest().saturating_add(micros(budget)))
    }

    /// Waits until the journal gives out no number any more that is less than `version`: what is
    /// written after this is newer, by whoever. As in Spanner's commit wait (Corbett et al., 2012).
    pub(super) async fn pass(&self, version: u64) {
        loop {
            let earliest = self.clock.lock().seen.map_or(u64::MAX, Seen::earliest);
            match version.checked_sub(earliest) {
                Some(ahead) => tokio::time::sleep(Duration::from_micros(ahead + 1)).await,
                None => return,
            }
        }
    }

    /// Once a change, not once a write.
    fn report(&self, cache: &Cache, function: &WriteBehind, put: &Result<Put>) {
        let is_well = matches!(put, Ok(Put::Taken { .. }));
        if self.is_well.swap(is_well, Relaxed) == is_well {
            return;
        }
        let (cache, function) = (cache.name(), function.name());
        match put {
            Ok(Put::Taken { .. }) => {
                tracing::info!(cache, function, "the journal takes writes again");
            }
            Ok(Put::Refused { .. }) => {
                tracing::warn!(cache, function, "the journal is full: writes are made at once");
            }
            Ok(Put::Late) => {
                tracing::warn!(
                    cache,
                    function,
                    "the journal answers late: writes are made at once"
                );
            }
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::warn!(
                    cache,
                    function,
                    error,
                    "the journal is out of reach: writes are made at once"
                );
            }
        }
    }

    /// What waits under `key`, as a cell, for readers. Nothing where nobody writes behind.
    ///
    /// Where the remote tier was not reached, the reader has waited for that already, and waits for a
    /// journal outside of this process but shortly.
    pub(crate) async fn read(&self, key: &Key, is_reached: bool) -> Result<Option<Bytes>> {
        let Some(journal) = &self.journal else { return Ok(None) };
        if !self.is_named && registered().next().is_none() {
            return Ok(None);
        }
        if self.owed.lock().contains_key(key) {
            return Ok(None);
        }
        let get = journal.0.get(key.as_str());
        let payload = match self.budget {
            Some(budget) => {
                let budget = if is_reached { budget } else { budget / 5 };
                in_time(budget, get).await?
            }
            None => get.await?,
        };
        payload.map(payload::cell).transpose()
    }

    /// Notes that `version` was written under `key`, and that an older one may wait there.
    pub(super) fn owe(
        &self,
        cache: &Cache,
        function: &'static WriteBehind,
        key: &Key,
        version: u64,
    ) {
        if self.journal.is_none() {
            return;
        }
        let mut owed = self.owed.lock();
        let latest = owed.entry(key.clone()).or_default().entry(function.name()).or_default();
        *latest = version.max(*latest);
        drop(owed);
        self.start(cache, function);
    }

    /// The version of `function` that was written under `key` without the journal; 0 where none was.
    fn owes(&self, function: &WriteBehind, key: &Key) -> u64 {
        let owed = self.owed.lock();
        owed.get(key).and_then(|of| of.get(function.name())).copied().unwrap_or_default()
    }

    /// Tells the journal that `sequence` was written under `key`, where another function's write may
    /// wait that is older.
    pub(super) async fn supersede(&self, cache: &Cache, key: &Key, sequence: u64) {
        for function in registered() {
            let forgotten = async {
                let forget = self.journal()?.forget(function.name(), key.as_str(), sequence);
                self.call(1, forget).await
            };
            if forgotten.await.is_err() {
                self.owe(cache, function, key, sequence);
            }
        }
    }

    /// Notes that the write of this `sequence` waits under `key`: nothing that is older does.
    fn replaced(&self, key: &Key, sequence: u64) {
        self.settle_owed(key, |_, version| version < sequence);
    }

    /// Takes off what is owed of `key` by the functions and versions that `is_settled` names.
    fn settle_owed(&self, key: &Key, is_settled: impl Fn(&str, u64) -> bool) {
        let mut all = self.owed.lock();
        if let Some(owed) = all.get_mut(key) {
            owed.retain(|function, version| !is_settled(function, *version));
            if owed.is_empty() {
                all.remove(key);
            }
        }
    }

    /// Tells the journal of the versions of `function` that were written without it.
    pub(super) async fn forget_older(&self, cache: &Cache, function: &str) -> Result<()> {
        let owed: Vec<(Key, u64)> = {
            let owed = self.owed.lock();
            let owed = owed.iter().filter_map(|(key, of)| Some((key.clone(), *of.get(function)?)));
            owed.collect()
        };
        for (key, version) in owed {
            let forgotten = self.journal()?.forget(function, key.as_str(), version);
            self.call(1, forgotten).await?;
            // Others may have found there what is forgotten now. If this fails, it is owed.
            let _ = invalidation::invalidate(cache, &key).await;
            self.settle_owed(&key, |of, owed| of == function && owed == version);
        }
        Ok(())
    }

    pub(super) async fn claim(
        &self,
        function: &'static WriteBehind,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        // Nothing of either is put there.
        if function.check_name().is_err() {
            return Ok(Vec::new());
        }
        let claim = self.journal()?.claim(function.name(), function.claims(), self.hold, ready);
        self.call(PATIENCE, claim).await
    }

    pub(super) async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        self.call(PATIENCE, self.journal()?.settle(function, settled)).await
    }

    pub(super) async fn waiting(&self, function: &str) -> Result<u64> {
        self.call(PATIENCE, self.journal()?.waiting(function)).await
    }

    pub(super) async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        self.call(PATIENCE, self.journal()?.dead(function)).await
    }

    pub(super) async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        self.call(PATIENCE, self.journal()?.revive(function, key, again)).await
    }

    /// Sees to it that a task of this runtime, or of another one that moves, makes the writes of
    /// `function`.
    pub(super) fn start(&self, cache: &Cache, function: &'static WriteBehind) -> Arc<Flusher> {
        let mut flushers = self.flushers.lock();
        let (_, flusher) =
            flushers.entry(function.name()).or_insert_with(|| (function, Arc::default()));
        let flusher = flusher.clone();
        drop(flushers);
        if self.journal.is_some() {
            flusher.start(cache, function);
        }
        flusher
    }

    /// Makes what earlier processes have left, also of functions that nobody has called here, and what
    /// an earlier runtime of this one has.
    pub(crate) fn resume(&self, cache: &Cache) {
        if self.journal.is_none() || self.is_resumed.load(Relaxed) {
            return;
        }
        let is_in_runtime = tokio::runtime::Handle::try_current().is_ok();
        if !is_in_runtime || self.is_resumed.swap(true, Relaxed) {
            return;
        }
        for function in registered().filter(|function| function.cache.is_none()) {
            self.start(cache, function);
        }
    }

    /// Notes that a task has ended with its runtime.
    pub(super) fn interrupted(&self) {
        self.is_resumed.store(false, Relaxed);
    }

    /// Makes all that waits of the functions that this cache has to do with.
    pub(crate) async fn flush(&self, cache: &Cache) -> Result<()> {
        let functions: Vec<_> =
            self.flushers.lock().values().map(|(function, _)| *function).collect();
        let mut flushed = Ok(());
        if self.journal.is_some() {
            for function in functions {
                flushed = flushed.and(flusher::flush(cache, function).await);
            }
        }
        flushed
    }
}
