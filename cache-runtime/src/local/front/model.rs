//! The contract of local backends, kept by the front, under every interleaving that the model checker
//! tries.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p cache-runtime --lib model`.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use shuttle::{check_pct, check_random, thread};

use super::*;
use crate::sync::Mutex;

const ITERATIONS: usize = 3_000;

/// A backend of one entry, which may be evicted at any time.
#[derive(Default)]
struct One(Mutex<Option<Arc<Entry>>>);

impl LocalBackend for One {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.0.lock().clone()
    }

    fn insert(&self, _: &Key, entry: Arc<Entry>) {
        // Two steps, as far as a reader can tell.
        thread::yield_now();
        *self.0.lock() = Some(entry);
        thread::yield_now();
    }

    fn remove(&self, _: KeyRef<'_>) {
        thread::yield_now();
        *self.0.lock() = None;
        thread::yield_now();
    }

    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        *self.0.lock() = None;
    }

    fn len(&self) -> u64 {
        u64::from(self.0.lock().is_some())
    }
}

struct World {
    front: Front,
    /// No `get` that begins now may return a version below this one.
    floor: AtomicU64,
    seen: AtomicU64,
}

impl World {
    fn read(&self) -> Option<Arc<Entry>> {
        let floor = self.floor.load(SeqCst);
        let words = Words::of_text(b"user:42");
        let recalled = self.front.recall(&words);
        let entry = recalled.or_else(|| self.front.get_and_keep(key().borrowed(), &words))?;
        let version = entry.value::<u64>(1).copied().flatten().unwrap();
        assert!(version >= floor, "version {version} was removed or replaced before");
        Some(entry)
    }

    fn insert(&self, version: u64) {
        self.front.insert(&key(), Entry::new(Some(version), 1));
        self.floor.store(version, SeqCst);
    }

    fn remove(&self, version: u64) {
        self.front.remove(key().borrowed());
        self.floor.store(version + 1, SeqCst);
    }
}

fn key() -> Key {
    Key::from("user:42")
}

fn check(write: impl Fn(&World) + Send + Sync + Copy + 'static) {
    let model = move || {
        let world = Arc::new(World {
            front: Front::new(Arc::new(One::default())),
            floor: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        });
        world.insert(1);
        let readers = (0..2).map(|_| {
            let world = world.clone();
            thread::spawn(move || {
                // Held as a caller holds what it replaces: evicted or not, it lives.
                let held: Vec<_> = (0..6).filter_map(|_| world.read()).collect();
                world.seen.fetch_add(held.len() as u64, SeqCst);
            })
        });
        let readers: Vec<_> = readers.collect();
        let writer = {
            let world = world.clone();
            thread::spawn(move || write(&world))
        };
        writer.join().unwrap();
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        world.read();
    };
    check_random(model, ITERATIONS);
    check_pct(model, ITERATIONS, 3);
}

#[test]
fn nothing_that_was_removed_is_seen_again() {
    check(|world| {
        world.remove(1);
        world.insert(2);
        world.remove(2);
    });
}

#[test]
fn nothing_that_was_replaced_is_seen_again() {
    check(|world| {
        world.insert(2);
        world.insert(3);
    });
}

#[test]
fn nothing_that_was_evicted_and_then_removed_is_seen_again() {
    check(|world| {
        world.front.sweep(&|_| true);
        thread::yield_now();
        world.remove(1);
        world.insert(2);
        world.front.sweep(&|_| true);
        world.remove(2);
    });
}
