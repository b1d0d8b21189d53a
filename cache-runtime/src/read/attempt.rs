//! The right to try to replace a value, and when it is given again.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cache::Cache;
use crate::clock::millis;
use crate::entry::Entry;
use crate::key::{Key, Prehashed};
use crate::sync::Mutex;

/// The right to try to replace a value. Dropped, whatever came of it, nobody in this process tries
/// again for a while.
pub(super) struct Attempt {
    cache: Cache,
    noted: Noted,
    /// For how long nobody tries again, in milliseconds.
    pause: u64,
}

/// How much sooner than after its own attempt a process asks again that was told that another one is
/// at it.
const SOONER: u64 = 4;

/// Where it is noted when the next one may be: in the entry that the local tier holds, else by key.
enum Noted {
    In(Arc<Entry>),
    Under(Box<Key>),
}

impl Attempt {
    /// The right to replace `entry` of the local tier, if nobody has it, or had it a short while ago.
    pub(super) fn at(entry: &Arc<Entry>, cache: &Cache) -> Option<Self> {
        let now = cache.clock().now();
        let until = now.saturating_add(millis(cache.max_load()));
        let noted = || Noted::In(entry.clone());
        entry.attempt(now, until).then(|| Self::noted(cache, noted()))
    }

    /// The same of what stands under `key`, where there may be no local tier.
    pub(super) fn under(key: &Key, entry: &Arc<Entry>, cache: &Cache) -> Option<Self> {
        if cache.has_local() {
            return Self::at(entry, cache);
        }
        let now = cache.clock().now();
        let until = now.saturating_add(millis(cache.max_load()));
        let noted = || Noted::Under(Box::new(key.clone()));
        let begun = cache.attempts().begin(key, now, until);
        begun.then(|| Self::noted(cache, noted()))
    }

    fn noted(cache: &Cache, noted: Noted) -> Self {
        Self { cache: cache.clone(), noted, pause: millis(cache.refresh_throttle()) }
    }

    /// Ends the attempt: another process is at it, or was in vain a short while ago. Its window may
    /// end at any moment.
    pub(super) fn elsewhere(mut self) {
        self.pause = self.pause.div_ceil(SOONER);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let moment = self.cache.clock().now().saturating_add(self.pause);
        match &self.noted {
            Noted::In(entry) => entry.retry_at(moment),
            Noted::Under(key) => self.cache.attempts().retry_at(key, moment),
        }
    }
}

/// The attempts of a cache without a local tier, by key, each with the moment of the next one.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: HashMap<Key, u64, Prehashed>,
    /// How many keys are noted before those are forgotten that may be tried again.
    most: usize,
}

/// Fewer are not worth forgetting.
const FEW: usize = 1024;

impl Attempts {
    fn begin(&self, key: &Key, now: u64, until: u64) -> bool {
        let Table { next, most } = &mut *self.0.lock();
        if next.get(key).is_some_and(|next| *next > now) {
            return false;
        }
        if next.len() >= (*most).max(FEW) {
            next.retain(|_, next| *next > now);
            *most = 2 * next.len();
        }
        next.insert(key.clone(), until);
        true
    }

    fn retry_at(&self, key: &Key, moment: u64) {
        self.0.lock().next.insert(key.clone(), moment);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_tried_again_when_its_time_has_come() {
        let attempts = Attempts::default();
        let (one, other) = (Key::from("one"), Key::from("other"));
        assert!(attempts.begin(&one, 0, 60));
        assert!(!attempts.begin(&one, 59, 99) && attempts.begin(&other, 59, 99));
        attempts.retry_at(&one, 10);
        assert!(!attempts.begin(&one, 9, 99) && attempts.begin(&one, 10, 99));
    }

    #[test]
    fn keys_whose_time_has_come_are_forgotten() {
        let attempts = Attempts::default();
        for number in 0..100_000_u64 {
            assert!(attempts.begin(&Key::new("key").part(&number), number, number + 100));
        }
        assert!(attempts.0.lock().next.len() <= FEW);
    }
}
