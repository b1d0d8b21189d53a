//! The contract of [`LocalBackend`], line by line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::entry::Entry;
use crate::key::Key;
use crate::life::Span;
use crate::local::LocalBackend;
use crate::remote::feed::Stamp;

/// Checks a local backend; `make` makes an empty one of at least the given capacity.
///
/// # Panics
///
/// If the backend breaks the contract.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Moka, testing::conformance};
///
/// conformance::local(|capacity| Moka::new().capacity(capacity));
/// ```
pub fn local<B: LocalBackend>(make: impl Fn(u64) -> B) {
    holds_what_was_inserted_until_it_is_removed(&make(100));
    replaces_what_stood_there(&make(100));
    sweeps_the_dead_and_no_other(&make(100));
    keeps_to_its_capacity(&make(100));
    shows_nothing_after_a_removal(&make(100));
}

fn entry(value: u64) -> Arc<Entry> {
    living_until(u64::MAX, value)
}

fn living_until(end: u64, value: u64) -> Arc<Entry> {
    let entry = Entry::new(Some(value), 1);
    entry.live(Stamp::ALONE, Span { due: end, soft: end, hard: end, cost: 0 });
    entry
}

/// What is read, again and again: a backend may treat what is hot in its own way.
fn value(backend: &impl LocalBackend, key: &Key) -> Option<u64> {
    let first = latest(backend, key);
    for _ in 0..10 {
        assert_eq!(
            latest(backend, key),
            first,
            "`get` returns what it has returned, as long as nothing changes"
        );
    }
    first
}

fn latest(backend: &impl LocalBackend, key: &Key) -> Option<u64> {
    *backend.get(key.borrowed())?.value::<u64>(1)?
}

fn key(number: u64) -> Key {
    Key::new("conformance").part(&number)
}

fn holds_what_was_inserted_until_it_is_removed(backend: &impl LocalBackend) {
    let long = Key::from("x".repeat(150));
    for key in [key(1), long] {
        assert_eq!(value(backend, &key), None, "an empty backend holds nothing");
        backend.insert(&key, entry(1));
        assert_eq!(value(backend, &key), Some(1), "`get` returns what `insert` stored");
        assert_eq!(value(backend, &Key::new("other")), None, "and under no other key");
        backend.remove(key.borrowed());
        assert_eq!(value(backend, &key), None, "`get` returns nothing after `remove`");
        backend.remove(key.borrowed());
    }
}

fn replaces_what_stood_there(backend: &impl LocalBackend) {
    for number in 0..10 {
        backend.insert(&key(1), entry(number));
        assert_eq!(value(backend, &key(1)), Some(number), "`insert` replaces what stood there");
    }
}

fn sweeps_the_dead_and_no_other(backend: &impl LocalBackend) {
    for number in 0..50 {
        let end = if number < 20 { 10 } else { 1_000 };
        backend.insert(&key(number), living_until(end, number));
    }
    backend.sweep(&|entry| entry.is_expired(10));
    assert_eq!(backend.len(), 30, "`sweep` frees the dead, and counts what is left");
    for number in 0..50 {
        assert_eq!(value(backend, &key(number)).is_some(), number >= 20, "entry {number}");
    }
}

fn keeps_to_its_capacity(backend: &impl LocalBackend) {
    for number in 0..10_000 {
        backend.insert(&key(number), entry(number));
    }
    backend.sweep(&|_| false);
    let len = backend.len();
    assert!((1..=110).contains(&len), "{len} entries in a backend of 100");
}

/// A remover and a reader on one key: what was removed is never seen again.
fn shows_nothing_after_a_removal(backend: &impl LocalBackend) {
    let floor = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..20_000 {
                backend.insert(&key(1), entry(number));
                backend.remove(key(1).borrowed());
                floor.store(number + 1, Ordering::SeqCst);
            }
            done.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let floor = floor.load(Ordering::SeqCst);
                if let Some(found) = latest(backend, &key(1)) {
                    assert!(found >= floor, "`get` returned {found}, removed before it began");
                }
            }
        });
    });
}
