//! What went wrong, when, and for whom: written by the parent before it happens, read by who
//! judges a read.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;

use crate::clock::now;

pub(crate) const EVERYBODY: u64 = u64::MAX;

/// How many of the last ones are looked at: more than there are while a stale value can live.
const LAST: u64 = 256;
const HEAD: u64 = 8;
const SIZE: u64 = 32;

/// What an incident can do, as bits.
pub(crate) mod effect {
    /// Cuts processes off from Redis.
    pub(crate) const DISTURBS: u64 = 1;
    /// Acknowledged deletes may be lost.
    pub(crate) const LOSES_DELETES: u64 = 2;
    /// Barriers may be lost.
    pub(crate) const FORGETS: u64 = 4;
}

#[derive(Clone, Copy)]
pub(crate) struct Incident {
    pub(crate) begin: u64,
    /// `u64::MAX` while it lasts.
    pub(crate) end: u64,
    /// A bit for each process.
    pub(crate) whom: u64,
    pub(crate) effects: u64,
}

pub(crate) struct Incidents {
    file: File,
    count: Mutex<u64>,
}

/// An incident that lasts until this is dropped.
pub(crate) struct Lasting<'a> {
    incidents: &'a Incidents,
    number: u64,
}

impl Incidents {
    pub(crate) fn open(dir: &Path) -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(dir.join("incidents")).unwrap();
        Self { file, count: Mutex::new(0) }
    }

    pub(crate) fn begin(&self, whom: u64, effects: u64) -> Lasting<'_> {
        let mut count = self.count.lock().unwrap();
        let number = *count;
        let words = [now(), u64::MAX, whom, effects];
        self.file.write_all_at(&words.map(u64::to_ne_bytes).concat(), at(number)).unwrap();
        *count += 1;
        self.file.write_all_at(&count.to_ne_bytes(), 0).unwrap();
        Lasting { incidents: self, number }
    }

    /// The last incidents.
    pub(crate) fn last(&self) -> Vec<Incident> {
        let mut word = [0; 8];
        if self.file.read_exact_at(&mut word, 0).is_err() {
            return Vec::new();
        }
        let count = u64::from_ne_bytes(word);
        let first = count.saturating_sub(LAST);
        (first..count).filter_map(|number| self.read(number)).collect()
    }

    fn read(&self, number: u64) -> Option<Incident> {
        let mut bytes = [0; 32];
        self.file.read_exact_at(&mut bytes, at(number)).ok()?;
        let word =
            |index: usize| bytes[8 * index..].first_chunk().copied().map_or(0, u64::from_ne_bytes);
        Some(Incident { begin: word(0), end: word(1), whom: word(2), effects: word(3) })
    }
}

impl Drop for Lasting<'_> {
    fn drop(&mut self) {
        let at = at(self.number) + 8;
        self.incidents.file.write_all_at(&now().to_ne_bytes(), at).unwrap();
    }
}

fn at(number: u64) -> u64 {
    HEAD + SIZE * number
}
