//! What was written last under each key, and what of it was acknowledged: a file that survives
//! whoever dies.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const WORD: u64 = 8;

pub(crate) struct Register {
    file: File,
    dir: PathBuf,
    keys: u64,
}

/// The right to write a key, for as long as it lives; the system takes it from the dead.
pub(crate) struct Held {
    _lock: File,
    key: u64,
}

impl Register {
    pub(crate) fn open(dir: &Path, keys: u64) -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(dir.join("register")).unwrap();
        if file.metadata().unwrap().len() == 0 {
            file.set_len(keys * 2 * WORD).unwrap();
        }
        Self { file, dir: dir.to_owned(), keys }
    }

    /// The right to write `key`, unless somebody else has it.
    pub(crate) fn hold(&self, key: u64) -> Option<Held> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let lock = options.open(self.dir.join(format!("key-{key}"))).unwrap();
        lock.try_lock().ok().map(|()| Held { _lock: lock, key })
    }

    /// Notes that the next value of a key is being written, and answers it.
    pub(crate) fn begin(&self, held: &Held) -> u64 {
        let value = self.begun(held.key) + 1;
        self.write(held.key * 2 * WORD, value);
        value
    }

    pub(crate) fn acknowledged_now(&self, held: &Held, value: u64) {
        self.write((held.key * 2 + 1) * WORD, value);
    }

    /// The last value of `key` that was begun to be written.
    pub(crate) fn begun(&self, key: u64) -> u64 {
        self.read(key * 2 * WORD)
    }

    /// The last value of `key` whose write has returned.
    pub(crate) fn acknowledged(&self, key: u64) -> u64 {
        self.read((key * 2 + 1) * WORD)
    }

    /// How many writes have returned, about.
    pub(crate) fn writes(&self) -> u64 {
        (0..self.keys).map(|key| self.acknowledged(key)).sum()
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
