//! The rules of a journal, in memory: what the ones of this process have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::{Claimed, DeadLetter, Ending, Put, Ready, Settled, Write};

/// A function, and the key of one of its writes.
pub(super) type Place = (String, String);

/// All that waits, and all that was given up.
#[derive(Default)]
pub(super) struct Book {
    rows: HashMap<String, Row>,
    /// Of each function, what waits: when it is due, or its hold ends, in ms.
    due: HashMap<String, BTreeSet<(u64, String)>>,
    dead: BTreeMap<Place, DeadLetter>,
    last: u64,
    /// Whether what it holds is kept elsewhere too.
    is_kept: bool,
    changed: Changed,
}

/// A write that waits.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) function: String,
    pub(super) sequence: u64,
    pub(super) payload: Bytes,
    attempts: u32,
    is_claimed: bool,
    due: u64,
}

/// What is yet to be kept elsewhere, where it is.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) rows: HashSet<String>,
    pub(super) dead: HashSet<Place>,
}

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

fn millis() -> u64 {
    micros() / 1000
}

fn after(time: Duration) -> u64 {
    millis().saturating_add(crate::clock::millis(time))
}

impl Book {
    /// A book that holds what was kept.
    #[cfg(feature = "journal-redb")]
    pub(super) fn of(rows: Vec<(String, Row)>, dead: Vec<(Place, DeadLetter)>, last: u64) -> Self {
        let mut book = Self { dead: dead.into_iter().collect(), last, ..Self::default() };
        for (key, row) in rows {
            book.insert(&key, row);
        }
        book.is_kept = true;
        book
    }

    pub(super) fn now(&self) -> u64 {
        micros().max(self.last)
    }

    pub(super) fn put(&mut self, write: Write) -> Put {
        if micros() > write.until {
            return Put::Late;
        }
        let sequence = micros().max(self.last.saturating_add(1));
        self.last = sequence;
        let waiting = self.waiting(&write.function);
        let Write { function, key, payload, .. } = write;
        let row = match self.rows.get(&key) {
            Some(row) if row.function != function => return Put::Refused { sequence },
            Some(row) => Row { sequence, payload, attempts: 0, ..row.clone() },
            None if waiting >= write.room => return Put::Refused { sequence },
            None => Row {
                function: function.clone(),
                sequence,
                payload,
                attempts: 0,
                is_claimed: false,
                due: after(write.due),
            },
        };
        self.insert(&key, row);
        Put::Taken { sequence, waiting: self.waiting(&function) }
    }

    pub(super) fn get(&self, key: &str) -> Option<Bytes> {
        self.rows.get(key).map(|row| row.payload.clone())
    }

    pub(super) fn claim(
        &mut self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Vec<Claimed> {
        let (now, until) = (millis(), after(hold));
        let waiting = self.due.get(function).into_iter().flatten();
        let is_ready = |row: &Row| {
            let is_free = match ready {
                Ready::Due => false,
                Ready::Fresh => row.attempts == 0,
                Ready::All => true,
            };
            row.due <= now || (!row.is_claimed && is_free)
        };
        let keys = waiting.map(|(_, key)| key);
        let keys = keys.filter(|key| self.rows.get(*key).is_some_and(is_ready));
        let keys: Vec<String> = keys.take(most).cloned().collect();
        keys.into_iter().filter_map(|key| self.take(key, until)).collect()
    }

    fn take(&mut self, key: String, until: u64) -> Option<Claimed> {
        let mut row = self.rows.get(&key)?.clone();
        row.attempts = row.attempts.saturating_add(1);
        (row.is_claimed, row.due) = (true, until);
        self.place(&key, row.clone());
        let Row { sequence, attempts, payload, .. } = row;
        Some(Claimed { key, sequence, attempts, payload })
    }

    pub(super) fn settle(&mut self, function: &str, settled: Vec<Settled>) {
        for Settled { key, sequence, attempts, ending } in settled {
            let Some(row) = self.rows.get(&key).filter(|row| row.function == function) else {
                continue;
            };
            let mut row = row.clone();
            let is_same = row.sequence == sequence;
            if is_same && row.attempts != attempts && ending != Ending::Written {
                continue;
            }
            row.is_claimed = false;
            if !is_same {
                row.due = millis();
                self.place(&key, row);
                continue;
            }
            match ending {
                Ending::Again(pause) => {
                    row.due = after(pause);
                    self.place(&key, row);
                }
                Ending::Written => self.remove(&key),
                Ending::Dead(reason) => {
                    self.remove(&key);
                    let Row { function, sequence, attempts, payload, .. } = row;
                    let write = Claimed { key: key.clone(), sequence, attempts, payload };
                    let place = (function, key);
                    self.note_dead(&place);
                    self.dead.insert(place, DeadLetter { write, reason });
                }
            }
        }
    }

    pub(super) fn forget(&mut self, function: &str, key: &str, before: u64) {
        let row = self.rows.get(key);
        if row.is_some_and(|row| row.function == function && row.sequence < before) {
            self.remove(key);
        }
    }

    pub(super) fn waiting(&self, function: &str) -> u64 {
        self.due.get(function).map_or(0, |due| due.len() as u64)
    }

    pub(super) fn dead(&self, function: &str) -> Vec<DeadLetter> {
        let dead = self.dead.iter().filter(|((of, _), _)| of == function);
        dead.map(|(_, letter)| letter.clone()).collect()
    }

    pub(super) fn revive(&mut self, function: &str, key: &str, again: bool) -> bool {
        let place = (function.to_owned(), key.to_owned());
        let Some(DeadLetter { write, .. }) = self.dead.remove(&place) else {
            return false;
        };
        self.note_dead(&place);
        if again && !self.rows.contains_key(key) {
            let Claimed { sequence, payload, .. } = write;
            self.insert(key, Row::waiting(function.to_owned(), sequence, payload));
        }
        true
    }

    /// Puts `row` under `key`, which is to be kept.
    fn insert(&mut self, key: &str, row: Row) {
        self.note(key);
        self.place(key, row);
    }

    fn note(&mut self, key: &str) {
        if self.is_kept {
            self.changed.rows.insert(key.to_owned());
        }
    }

    fn note_dead(&mut self, place: &Place) {
        if self.is_kept {
            self.changed.dead.insert(place.clone());
        }
    }

    fn place(&mut self, key: &str, row: Row) {
        let due = self.due.entry(row.function.clone()).or_default();
        due.insert((row.due, key.to_owned()));
        let moment = row.due;
        if let Some(old) = self.rows.insert(key.to_owned(), row)
            && old.due != moment
            && let Some(due) = self.due.get_mut(&old.function)
        {
            due.remove(&(old.due, key.to_owned()));
        }
    }

    fn remove(&mut self, key: &str) {
        self.note(key);
        if let Some(old) = self.rows.remove(key)
            && let Some(due) = self.due.get_mut(&old.function)
        {
            due.remove(&(old.due, key.to_owned()));
        }
    }
}

#[cfg(feature = "journal-redb")]
impl Book {
    pub(super) fn row(&self, key: &str) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Puts back what stood under `key` before the write of this `sequence`, if that still does.
    pub(super) fn restore(&mut self, key: &str, sequence: u64, before: Option<Row>) {
        if self.rows.get(key).is_none_or(|row| row.sequence != sequence) {
            return;
        }
        match before {
            Some(row) => self.insert(key, row),
            None => self.remove(key),
        }
    }

    /// Whether what stands under `key` has changed since it was kept.
    pub(super) fn has_changed(&self, key: &str) -> bool {
        self.changed.rows.contains(key)
    }

    /// Notes that what stands under `key` is what is kept.
    pub(super) fn unchanged(&mut self, key: &str) {
        self.changed.rows.remove(key);
    }

    /// Takes back what was claimed.
    pub(super) fn unclaim(&mut self, claimed: Vec<Claimed>) {
        for Claimed { key, sequence, attempts, .. } in claimed {
            let row = self.rows.get(&key);
            let row = row.filter(|row| row.sequence == sequence && row.attempts == attempts);
            if let Some(row) = row.cloned() {
                let attempts = attempts - 1;
                self.place(&key, Row { attempts, is_claimed: false, due: millis(), ..row });
            }
        }
    }

    pub(super) fn letter(&self, place: &Place) -> Option<&DeadLetter> {
        self.dead.get(place)
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// What has changed since it was asked last.
    pub(super) fn changes(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// Takes back what could not be kept.
    pub(super) fn changed_again(&mut self, changed: Changed) {
        self.changed.rows.extend(changed.rows);
        self.changed.dead.extend(changed.dead);
    }
}

impl Row {
    /// A write that is due now.
    pub(super) fn waiting(function: String, sequence: u64, payload: Bytes) -> Self {
        Self { function, sequence, payload, attempts: 0, is_claimed: false, due: millis() }
    }
}
