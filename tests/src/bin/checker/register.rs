//! The truth: the version of each key, and since when each version is known to be outdated.
//!
//! It is a file that all processes read and write without any delay, so it knows better than any
//! cache what may be read when. It survives whoever dies.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::now;

pub(crate) const KEYS: u64 = 64;

/// How many of a key's versions are remembered: more than are written while a read lasts.
const REMEMBERED: u64 = 2048;
const WORD: u64 = 8;
const KEY_SIZE: u64 = WORD * (1 + 2 * REMEMBERED);

/// Why a version is known to every process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor {
    /// An invalidation has returned, and had reached Redis.
    Returned,
    /// It was committed behind a barrier.
    Guarded,
}

/// When a version, and with it all that are older, was known to every process.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) returned: u64,
    pub(crate) guarded: u64,
}

pub(crate) struct Register {
    file: File,
    dir: PathBuf,
}

/// The right to write a key, for as long as it lives; the system takes it from the dead.
pub(crate) struct Held(#[allow(dead_code, reason = "closing it gives it back")] File);

impl Register {
    pub(crate) fn create(dir: &Path) -> Self {
        let register = Self::open(dir);
        register.file.set_len(KEYS * KEY_SIZE).unwrap();
        for key in 0..KEYS {
            register.write(key * KEY_SIZE, 1);
        }
        register
    }

    pub(crate) fn open(dir: &Path) -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(dir.join("register")).unwrap();
        Self { file, dir: dir.to_owned() }
    }

    /// The version that is true now.
    pub(crate) fn version(&self, key: u64) -> u64 {
        self.read(key * KEY_SIZE)
    }

    /// Waits for the right to write a key.
    pub(crate) async fn hold(&self, key: u64) -> Held {
        let file = File::create(self.dir.join(format!("lock.{key}"))).unwrap();
        while file.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Held(file)
    }

    /// Makes the next version the true one.
    pub(crate) fn commit(&self, key: u64, _held: &Held) -> u64 {
        let version = self.version(key) + 1;
        self.write(slot(key, version, Floor::Returned), 0);
        self.write(slot(key, version, Floor::Guarded), 0);
        self.write(key * KEY_SIZE, version);
        version
    }

    /// Notes that from now on every process knows of `version`.
    pub(crate) fn tell(&self, key: u64, version: u64, floor: Floor) {
        let slot = slot(key, version, floor);
        if self.read(slot) == 0 {
            self.write(slot, now());
        }
    }

    /// When the versions after `seen` were told.
    pub(crate) fn told_after(&self, key: u64, seen: u64) -> Vec<Told> {
        let last = self.version(key);
        let first = (seen + 1).max((last + 1).saturating_sub(REMEMBERED / 2));
        let told = |version| Told {
            returned: self.read(slot(key, version, Floor::Returned)),
            guarded: self.read(slot(key, version, Floor::Guarded)),
        };
        (first..=last).map(told).collect()
    }

    fn read(&self, at: u64) -> u64 {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, at).unwrap();
        u64::from_ne_bytes(word)
    }

    fn write(&self, at: u64, word: u64) {
        self.file.write_all_at(&word.to_ne_bytes(), at).unwrap();
    }
}

fn slot(key: u64, version: u64, floor: Floor) -> u64 {
    let ring = if floor == Floor::Returned { 0 } else { REMEMBERED };
    key * KEY_SIZE + WORD * (1 + ring + version % REMEMBERED)
}
