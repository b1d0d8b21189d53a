use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64 as Count, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock};
use std::thread;

use super::*;

mod spread;

/// A backend that counts what it is asked.
#[derive(Default)]
struct Asked {
    entries: crate::sync::Mutex<HashMap<Key, Arc<Entry>>>,
    gets: Count,
}

impl LocalBackend for Asked {
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.gets.fetch_add(1, SeqCst);
        self.entries.lock().get(&key.to_key()).cloned()
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        self.entries.lock().insert(key.clone(), entry);
    }

    fn remove(&self, key: KeyRef<'_>) {
        self.entries.lock().remove(&key.to_key());
    }

    /// Evicts everything.
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        self.entries.lock().clear();
    }

    fn len(&self) -> u64 {
        self.entries.lock().len() as u64
    }
}

fn front() -> (Front, Arc<Asked>) {
    let backend = Arc::new(Asked::default());
    (Front::new(backend.clone()), backend)
}

fn key(number: u64) -> Key {
    Key::new("front").part(&number)
}

fn entry(value: u64) -> Arc<Entry> {
    Entry::new(Some(value), 1)
}

/// As a cached function reads.
fn get(front: &Front, key: &Key) -> Option<Arc<Entry>> {
    let words = Words::of_text(key.as_str().as_bytes());
    front.recall(&words).or_else(|| front.get_and_keep(key.borrowed(), &words))
}

fn value(front: &Front, key: &Key) -> Option<u64> {
    get(front, key)?.value::<u64>(1).copied().flatten()
}

/// Reads `key` until it is hot, and answers what it holds.
fn heated(front: &Front, key: &Key) -> Option<u64> {
    (1..100).for_each(|_| drop(get(front, key)));
    value(front, key)
}

#[test]
fn a_hot_key_is_read_without_the_backend_but_for_a_sample() {
    let (front, backend) = front();
    front.insert(&key(1), entry(1));
    heated(&front, &key(1));
    let before = backend.gets.load(SeqCst);
    for _ in 0..5120 {
        assert_eq!(value(&front, &key(1)), Some(1));
    }
    let told = backend.gets.load(SeqCst) - before;
    assert!((9..=11).contains(&told), "{told} of 5,120 hits were told");
}

#[test]
fn after_a_miss_hits_are_told() {
    let (front, backend) = front();
    front.insert(&key(1), entry(1));
    heated(&front, &key(1));
    for number in 2..12 {
        assert_eq!(value(&front, &key(number)), None);
    }
    let before = backend.gets.load(SeqCst);
    (0..100).for_each(|_| drop(get(&front, &key(1))));
    let told = backend.gets.load(SeqCst) - before;
    assert!((40..=42).contains(&told), "{told} hits were told after ten misses");
}

#[test]
fn a_key_of_many_words_is_left_to_the_backend() {
    let (front, backend) = front();
    for length in [63, 64] {
        let long = Key::from("x".repeat(length));
        front.insert(&long, entry(1));
        let before = backend.gets.load(SeqCst);
        assert_eq!(heated(&front, &long), Some(1));
        let asked = backend.gets.load(SeqCst) - before;
        assert_eq!(asked == 100, length == 64, "{length} bytes: {asked} of 100");
    }
}

#[test]
fn what_is_replaced_or_removed_is_never_read_again() {
    let (front, _) = front();
    for number in 0..5 {
        front.insert(&key(1), entry(number));
        assert_eq!(heated(&front, &key(1)), Some(number));
    }
    front.remove(key(1).borrowed());
    assert_eq!(value(&front, &key(1)), None);
}

/// The backend knows nothing of it any more, but a caller holds it: only the count of changes tells.
#[test]
fn what_was_evicted_while_a_caller_holds_it_is_not_read_after_it_was_removed() {
    let (front, _) = front();
    front.insert(&key(1), entry(1));
    heated(&front, &key(1));
    let held = get(&front, &key(1));
    front.sweep(&|_| true);
    assert_eq!(value(&front, &key(1)), Some(1), "evicted, yet as good as it was");
    front.remove(key(1).borrowed());
    assert_eq!(value(&front, &key(1)), None);
    drop(held);
}

#[test]
fn a_miss_that_asks_twice_is_one_question() {
    let (front, backend) = front();
    for _ in 0..2 {
        assert_eq!(value(&front, &key(1)), None);
    }
    assert_eq!(backend.gets.load(SeqCst), 1);
    thread::scope(|scope| {
        scope.spawn(|| front.insert(&key(1), entry(1)));
    });
    assert_eq!(value(&front, &key(1)), Some(1), "what was inserted meanwhile is found");
}

#[test]
fn another_thread_is_told_of_a_change() {
    let (front, _) = front();
    front.insert(&key(1), entry(1));
    assert_eq!(heated(&front, &key(1)), Some(1));
    thread::scope(|scope| {
        scope.spawn(|| front.remove(key(1).borrowed()));
    });
    assert_eq!(value(&front, &key(1)), None);
}

/// A value that says when it is dropped.
struct Counted(&'static Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn what_the_backend_evicts_is_freed() {
    static DROPPED: Count = Count::new(0);
    let (front, _) = front();
    front.insert(&key(1), Entry::new(Some(Arc::new(Counted(&DROPPED))), 1));
    (0..100).for_each(|_| drop(get(&front, &key(1))));
    front.sweep(&|_| true);
    assert_eq!(DROPPED.load(SeqCst), 1);
    assert!(get(&front, &key(1)).is_none());
}

#[test]
fn tiers_do_not_share_what_their_keys_share() {
    let ((one, _), (other, _)) = (front(), front());
    one.insert(&key(1), entry(1));
    other.insert(&key(1), entry(2));
    for _ in 0..50 {
        assert_eq!(heated(&one, &key(1)), Some(1));
        assert_eq!(heated(&other, &key(1)), Some(2));
    }
}

#[test]
fn a_large_entry_is_left_to_the_backend() {
    let (front, backend) = front();
    front.insert(&key(1), Entry::new(Some([0_u8; 300]), 1));
    (0..200).for_each(|_| drop(get(&front, &key(1))));
    assert_eq!(backend.gets.load(SeqCst), 200);
}

#[test]
fn a_table_grows_with_the_keys_that_are_hot() {
    let (front, backend) = front();
    (0..1_000).for_each(|number| front.insert(&key(number), entry(number)));
    let read_all = || {
        let before = backend.gets.load(SeqCst);
        for number in 0..1_000 {
            assert_eq!(value(&front, &key(number)), Some(number));
        }
        backend.gets.load(SeqCst) - before
    };
    for _ in 0..400 {
        read_all();
    }
    let asked = read_all();
    assert!(asked < 100, "{asked} of 1,000 hits were told");
}

#[test]
fn keys_that_are_asked_for_once_displace_nothing() {
    let (front, backend) = front();
    (0..64).for_each(|number| front.insert(&key(number), entry(number)));
    (0..100).for_each(|_| (0..64).for_each(|number| drop(get(&front, &key(number)))));
    (64..50_000).for_each(|number| front.insert(&key(number), entry(number)));
    let heat = || {
        let before = backend.gets.load(SeqCst);
        (0..64).for_each(|number| drop(get(&front, &key(number))));
        backend.gets.load(SeqCst) - before
    };
    let before = (0..64).map(|_| heat()).sum::<u64>();
    (64..50_000).for_each(|number| drop(get(&front, &key(number))));
    let after = (0..64).map(|_| heat()).sum::<u64>();
    assert!(after <= before + 640, "{before} were told before, {after} after");
}

#[test]
fn a_table_that_is_no_use_is_given_up() {
    let (front, _) = front();
    (0..200_000).for_each(|number| front.insert(&key(number), entry(number)));
    let largest = (0..5).flat_map(|_| 0..200_000).map(|number| {
        drop(get(&front, &key(number)));
        table::sets()
    });
    assert_eq!(largest.max(), Some(16_384));
    assert_eq!(table::sets(), 32, "so many keys in turns are too many for any table");
    assert_eq!(heated(&front, &key(1)), Some(1));
}

/// A value whose `Drop` reads the tier it was in, while the table of its thread is busy or not.
struct Reader(Arc<OnceLock<Front>>);

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(front) = self.0.get() {
            get(front, &key(2));
        }
    }
}

#[test]
fn a_value_may_read_the_tier_as_it_is_dropped() {
    thread_local! {
        /// Dropped with the thread, before or after the table.
        static LAST: RefCell<Option<Reader>> = const { RefCell::new(None) };
    }
    let cell = Arc::new(OnceLock::new());
    let front = cell.get_or_init(|| front().0);
    front.insert(&key(2), entry(2));
    let reader = Arc::new(Mutex::new(Some(Reader(cell.clone()))));
    front.insert(&key(1), Entry::new(Some(reader.clone()), 1));
    (0..100).for_each(|_| drop(get(front, &key(1))));
    drop(reader.lock().unwrap().take());
    let last = Reader(cell.clone());
    let ended = thread::spawn(move || {
        LAST.with(|cell| cell.replace(Some(last)));
        heated(
            LAST.with(|cell| cell.borrow().as_ref().map(|it| it.0.clone())).unwrap().get().unwrap(),
            &key(2),
        )
    });
    assert_eq!(ended.join().unwrap(), Some(2));
}

/// The front as a backend, to be checked like one.
#[cfg(feature = "testing")]
struct Recalling(Front);

#[cfg(feature = "testing")]
impl LocalBackend for Recalling {
    fn get(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        get(&self.0, &key.to_key())
    }

    fn insert(&self, key: &Key, entry: Arc<Entry>) {
        self.0.insert(key, entry);
    }

    fn remove(&self, key: KeyRef<'_>) {
        self.0.remove(key);
    }

    fn sweep(&self, dead: &dyn Fn(&Entry) -> bool) {
        self.0.sweep(dead);
    }

    fn len(&self) -> u64 {
        self.0.len()
    }
}

#[cfg(all(feature = "moka", feature = "testing"))]
#[test]
fn moka_keeps_the_contract_of_local_backends_behind_the_front() {
    crate::testing::conformance::local(|capacity| {
        Recalling(Front::new(Arc::new(crate::Moka::new().capacity(capacity))))
    });
}

#[cfg(all(feature = "quick-cache", feature = "testing"))]
#[test]
fn quick_cache_keeps_the_contract_of_local_backends_behind_the_front() {
    crate::testing::conformance::local(|capacity| {
        Recalling(Front::new(Arc::new(crate::QuickCache::new().capacity(capacity))))
    });
}
