//! Invalidations that could not reach the remote tier, until they have.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::tier::{Budget, Tier};
use crate::background;
use crate::error::{ErrorKind, Result};
use crate::key::{Key, Prehashed};
use crate::sync::Mutex;

/// How long to wait before an invalidation is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// A task that gives no sign of life for so long may be on a runtime that nobody drives.
const STALLED: Duration = Duration::from_secs(5);

/// How long the clear of a namespace may take.
const LONGEST_CLEAR: Duration = Duration::from_mins(10);

/// The keys that the remote tier has yet to forget.
pub(super) struct Pending {
    capacity: usize,
    /// How many debts there are, to see without a lock that there are none.
    count: AtomicUsize,
    /// How many invalidations are being told for the first time, to see without a lock that there are none.
    tellings: AtomicUsize,
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Default)]
struct State {
    keys: HashMap<Key, Owed, Prehashed>,
    /// The same, longest owed first.
    order: BTreeMap<u64, Key>,
    sequence: u64,
    /// Keys were lost for want of room: the whole namespace is owed, since this sequence.
    overflowed: Option<u64>,
    /// What is being told for the first time, and since when.
    tellings: BTreeMap<u64, (Key, Option<u64>, Instant)>,
    /// The task that tells, and when it last gave a sign of life.
    draining: Option<(u64, Instant)>,
    drains: u64,
}

/// What is owed for one key.
#[derive(Clone, Default)]
struct Owed {
    /// When it was last owed: one that is owed again while it is being told stays.
    since: u64,
    /// Who is to be taken out of the key's barrier. An invalidation alone would pass it over.
    writers: Vec<u64>,
}

impl State {
    fn is_draining(&self, drain: u64) -> bool {
        self.draining.is_some_and(|(id, _)| id == drain)
    }

    fn owe(&mut self, key: Key, writer: Option<u64>) {
        self.sequence += 1;
        self.order.insert(self.sequence, key.clone());
        let owed = self.keys.entry(key).or_default();
        self.order.remove(&owed.since);
        owed.since = self.sequence;
        owed.writers.extend(writer);
    }

    fn add(&mut self, key: &Key, writer: Option<u64>, capacity: usize) {
        if self.keys.len() < capacity || self.keys.contains_key(key) {
            self.owe(key.clone(), writer);
        } else {
            self.sequence += 1;
            self.overflowed = Some(self.sequence);
        }
    }

    fn owes(&self, key: &Key, since: u64) -> bool {
        self.keys.get(key).is_some_and(|owed| owed.since == since)
    }
}

/// What is to be told next.
enum Debt {
    Key(Key, Owed),
    All(u64),
}

impl Pending {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            count: AtomicUsize::new(0),
            tellings: AtomicUsize::new(0),
            state: Mutex::default(),
            settled: Notify::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    fn holds(&self, key: &Key) -> bool {
        let state = self.state.lock();
        state.overflowed.is_some() || state.keys.contains_key(key)
    }

    fn add(&self, key: &Key, writer: Option<u64>) {
        self.change(|state| state.add(key, writer, self.capacity));
    }

    /// Notes what is being told, until [`told`](Self::told).
    fn telling(&self, key: &Key, writer: Option<u64>) -> u64 {
        self.change(|state| {
            state.sequence += 1;
            state.tellings.insert(state.sequence, (key.clone(), writer, Instant::now()));
            state.sequence
        })
    }

    fn told(&self, telling: u64) {
        self.change(|state| state.tellings.remove(&telling));
    }

    /// Has owed what has been told for too long, and answers what that is.
    fn adopt_stalled(&self) -> Vec<Key> {
        let mut adopted = Vec::new();
        if self.tellings.load(Ordering::Acquire) == 0 {
            return adopted;
        }
        self.change(|state| {
            while let Some(oldest) = state.tellings.first_entry()
                && oldest.get().2.elapsed() >= STALLED
            {
                let (key, writer, _) = oldest.remove();
                state.add(&key, writer, self.capacity);
                adopted.push(key);
            }
        });
        adopted
    }

    /// Takes off what was told, unless it was owed again meanwhile.
    fn remove(&self, told: &Debt) {
        self.change(|state| match told {
            Debt::Key(key, owed) if state.owes(key, owed.since) => {
                state.keys.remove(key);
                state.order.remove(&owed.since);
            }
            Debt::Key(..) => {}
            Debt::All(since) => {
                state.keys.retain(|_, owed| owed.since > *since);
                state.order.retain(|owed, _| *owed > *since);
                state.overflowed = state.overflowed.filter(|owed| owed > since);
            }
        });
    }

    /// Lets what could not be told wait behind what else is owed.
    fn postpone(&self, debt: Debt) {
        if let Debt::Key(key, owed) = debt {
            self.change(|state| {
                if state.owes(&key, owed.since) {
                    state.owe(key, None);
                }
            });
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let changed = change(&mut state);
        let count = state.keys.len() + usize::from(state.overflowed.is_some());
        self.count.store(count, Ordering::Release);
        self.tellings.store(state.tellings.len(), Ordering::Release);
        if count == 0 {
            self.settled.notify_waiters();
        }
        changed
    }

    fn is_settled(&self) -> bool {
        // In one look: what is told too long goes from the one to the other.
        let state = self.state.lock();
        state.keys.is_empty() && state.overflowed.is_none() && state.tellings.is_empty()
    }

    /// What the task `drain` is to tell next. Where there is nothing, or another task has taken
    /// over, it ends.
    fn next(&self, drain: u64) -> Option<Debt> {
        let mut state = self.state.lock();
        if !state.is_draining(drain) {
            return None;
        }
        let debt = match state.overflowed {
            Some(_) => Some(Debt::All(state.sequence)),
            None => state.order.first_key_value().map(|(_, key)| {
                let owed = state.keys.get(key).cloned().unwrap_or_default();
                Debt::Key(key.clone(), owed)
            }),
        };
        state.draining = debt.is_some().then(|| (drain, Instant::now()));
        debt
    }

    /// Begins a task, unless one is at work.
    fn begin(&self) -> Option<u64> {
        let mut state = self.state.lock();
        if state.draining.is_some_and(|(_, sign)| sign.elapsed() < STALLED) {
            return None;
        }
        state.drains += 1;
        state.draining = Some((state.drains, Instant::now()));
        Some(state.drains)
    }

    /// Notes that the task `drain` is gone.
    fn end(&self, drain: u64) {
        let mut state = self.state.lock();
        if state.is_draining(drain) {
            state.draining = None;
        }
        drop(state);
        // Who waits on another runtime goes on there.
        self.settled.notify_waiters();
    }
}

impl Tier {
    /// Whether the remote tier has yet to forget `key`.
    pub(super) fn owes(self: &Arc<Self>, key: &Key) -> bool {
        self.adopt_stalled();
        if self.pending.is_empty() {
            return false;
        }
        self.settle();
        self.pending.holds(key)
    }

    /// Notes that the remote tier has yet to forget `key`, and keeps telling it.
    pub(crate) fn owe(self: &Arc<Self>, key: &Key) {
        self.pending.add(key, None);
        self.settle();
    }

    /// As [`owe`](Self::owe), where `writer` may still be in the barrier of `key`.
    ///
    /// Where there is no room for it, the barrier ends with its hold.
    pub(crate) fn owe_leave(self: &Arc<Self>, key: &Key, writer: u64) {
        self.pending.add(key, Some(writer));
        self.settle();
    }

    /// Sees to it that a task of this runtime, or of another one that moves, tells what is owed.
    fn settle(self: &Arc<Self>) {
        if let Some(id) = self.pending.begin() {
            let drain = Drain { tier: self.clone(), id };
            background::start(drain.run());
        }
    }

    /// Notes that an invalidation of `key`, or the leave of a writer, is being told, until what it answers
    /// is dropped. One that takes too long is owed.
    pub(crate) fn telling(self: &Arc<Self>, key: &Key, writer: Option<u64>) -> Telling {
        Telling { telling: self.pending.telling(key, writer), tier: self.clone() }
    }

    /// Takes over what a task was telling that may be on a runtime which nobody drives. What was read
    /// from the remote tier meanwhile is forgotten, as that task would have it.
    pub(crate) fn adopt_stalled(&self) {
        for key in self.pending.adopt_stalled() {
            if let Some(listener) = self.listener() {
                listener.changed(&key);
            }
        }
    }

    /// Waits until nothing is owed, and nothing is being told.
    pub(crate) async fn settled(self: &Arc<Self>) {
        loop {
            let settled = self.pending.settled.notified();
            if self.pending.is_settled() {
                return;
            }
            self.adopt_stalled();
            if !self.pending.is_empty() {
                self.settle();
            }
            // On a runtime that ends, who is to tell ends at once.
            tokio::task::yield_now().await;
            // Looks again now and then: who tells may stall.
            let _ = tokio::time::timeout(RETRY, settled).await;
        }
    }

    async fn tell(&self, debt: &Debt) -> bool {
        let told = match debt {
            Debt::Key(key, owed) => self.tell_of(key, &owed.writers).await,
            Debt::All(_) => {
                // A scan of all keys: each round trip fails by itself if the server is gone.
                let mut budget = Budget::of(LONGEST_CLEAR);
                self.call(&mut budget, self.backend.clear(self.prefix())).await
            }
        };
        match told {
            Ok(()) => true,
            Err(error) => error.kind() == ErrorKind::Foreign,
        }
    }
}

impl Tier {
    async fn tell_of(&self, key: &Key, writers: &[u64]) -> Result<()> {
        let name = self.name(key);
        // A budget each: there may be any number of them.
        for writer in writers {
            self.call(&mut self.budget(), self.backend.leave(&name, *writer)).await?;
        }
        if writers.is_empty() {
            self.call(&mut self.budget(), self.backend.invalidate(&name)).await?;
        }
        Ok(())
    }
}

/// An invalidation that is being told for the first time.
pub(crate) struct Telling {
    tier: Arc<Tier>,
    telling: u64,
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.tier.pending.told(self.telling);
    }
}

/// The task that tells what is owed. If its runtime ends first, the next call begins another.
struct Drain {
    tier: Arc<Tier>,
    id: u64,
}

impl Drain {
    async fn run(self) {
        while let Some(debt) = self.tier.pending.next(self.id) {
            if self.tier.tell(&debt).await {
                self.tier.pending.remove(&debt);
            } else {
                self.tier.pending.postpone(debt);
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.tier.pending.end(self.id);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests;
