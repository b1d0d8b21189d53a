//! Code of others that panics: a value's, a backend's.

use super::*;

#[derive(Default)]
struct Panics;

impl LocalBackend for Panics {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        None
    }
    fn insert(&self, _: &Key, _: Arc<Entry>) {}
    fn remove(&self, _: KeyRef<'_>) {}
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        panic!("a value's Drop, say")
    }
    fn len(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn sweeping_survives_a_panic() {
    let panics = Cache::builder().local(Panics).no_remote().build();
    let counts = Cache::builder().local(Counts).no_remote().build();
    let swept_twice = || async { SWEPT.load(SeqCst) > 1 };
    eventually(Duration::from_secs(20), swept_twice).await;
    drop((panics, counts));
}

static SWEPT: AtomicU64 = AtomicU64::new(0);

struct Counts;

impl LocalBackend for Counts {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        None
    }
    fn insert(&self, _: &Key, _: Arc<Entry>) {}
    fn remove(&self, _: KeyRef<'_>) {}
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        SWEPT.fetch_add(1, SeqCst);
    }
    fn len(&self) -> u64 {
        0
    }
}

/// A value that can't be written, as one whose code has a fault.
#[derive(Debug, Clone, PartialEq)]
struct Faulted(u64);

impl serde::Serialize for Faulted {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        panic!("a fault in the code of a value")
    }
}

impl<'de> serde::Deserialize<'de> for Faulted {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        panic!("a fault in the code of a value")
    }
}

#[cached(key = "faulted:<id>", ttl = 60)]
async fn faulted(id: u64) -> Faulted {
    Faulted(id)
}

#[tokio::test]
async fn a_value_that_panics_as_it_is_encoded_is_returned_all_the_same() {
    let tiers = Tiers::new("remote");
    let cache = tiers.cache.clone();
    let read = spawn(async move { cache.scope(faulted(1)).await });
    assert_eq!(read.await.expect("the function has returned its value"), Faulted(1));
}

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// A value whose `Drop` panics once it is told to.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Fragile(u64);

impl Drop for Fragile {
    fn drop(&mut self) {
        if DROPPED.load(SeqCst) > 0 && !std::thread::panicking() {
            DROPPED.store(0, SeqCst);
            panic!("a fault in the code of a value");
        }
    }
}

/// A local tier that drops what it removes at once, as `QuickCache` does.
#[derive(Default)]
struct AtOnce(std::sync::Mutex<Option<Arc<Entry>>>);

impl LocalBackend for AtOnce {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
    fn insert(&self, _: &Key, entry: Arc<Entry>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(entry);
    }
    fn remove(&self, _: KeyRef<'_>) {
        let removed = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        drop(removed);
    }
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {}
    fn len(&self) -> u64 {
        0
    }
}

#[tokio::test]
async fn a_value_that_panics_as_it_is_dropped_is_invalidated_in_the_remote_tier_too() {
    let tiers = Tiers::built("both", |it| it.local(AtOnce::default()));
    tiers.told().await;
    let key = Key::from("fragile");
    tiers.elsewhere().put(&key, Fragile(1), &Policy::new()).await.unwrap();
    drop(tiers.cache.get::<Fragile>(&key).await.unwrap().unwrap());
    let (cache, to) = (tiers.cache.clone(), key.clone());
    DROPPED.store(1, SeqCst);
    let _ = spawn(async move { cache.invalidate(&to).await }).await;
    assert_eq!(DROPPED.load(SeqCst), 0, "it was dropped");
    let found = tiers.cache.get::<Fragile>(&key).await.unwrap().map(|it| it.0);
    assert_eq!(found, None, "it was invalidated");
}

/// A local tier whose values panic as they are dropped, on the thread that sweeps: its program has no
/// cache any more once it is being swept.
#[derive(Default)]
struct Orphaned(Arc<std::sync::Mutex<Option<Cache>>>);

impl LocalBackend for Orphaned {
    fn get(&self, _: KeyRef<'_>) -> Option<Arc<Entry>> {
        None
    }
    fn insert(&self, _: &Key, _: Arc<Entry>) {}
    fn remove(&self, _: KeyRef<'_>) {}
    fn sweep(&self, _: &dyn Fn(&Entry) -> bool) {
        let last = self.0.lock().unwrap().take();
        ORPHANS.store(1, SeqCst);
        drop(last);
    }
    fn len(&self) -> u64 {
        0
    }
}

impl Drop for Orphaned {
    fn drop(&mut self) {
        panic!("a value's Drop, say")
    }
}

static ORPHANS: AtomicU64 = AtomicU64::new(0);

#[tokio::test]
async fn sweeping_survives_a_panic_of_a_cache_that_is_gone() {
    let of = Arc::<std::sync::Mutex<Option<Cache>>>::default();
    let panics = Cache::builder().local(Orphaned(of.clone())).no_remote().build();
    *of.lock().unwrap() = Some(panics);
    drop(of);
    eventually(Duration::from_secs(20), || async { ORPHANS.load(SeqCst) > 0 }).await;
    let counts = Cache::builder().local(Counts).no_remote().build();
    let before = SWEPT.load(SeqCst);
    eventually(Duration::from_secs(10), || async { SWEPT.load(SeqCst) > before + 1 }).await;
    drop(counts);
}
