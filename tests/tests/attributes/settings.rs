//! What the settings set.

use std::sync::Arc;
use std::time::Duration;

use cache_runtime::testing::FakeClock;
use cache_runtime::{Cache, Moka, cached};

use crate::{Runs, cache};

const TTL: Duration = Duration::from_secs(5);
const SECONDS: u32 = 5;

static RUNS: Runs = Runs::new();

#[cached(ttl = 5, key = "number:<id>")]
async fn number(id: u8) -> (u8, u32) {
    (id, RUNS.run())
}

#[cached(ttl = "2s 3000ms", key = "text:<id>")]
async fn text(id: u8) -> (u8, u32) {
    (id, RUNS.run())
}

#[cached(ttl = TTL, key = "duration:<id>")]
async fn duration(id: u8) -> (u8, u32) {
    (id, RUNS.run())
}

#[cached(ttl = SECONDS, key = "constant:<id>")]
async fn constant(id: u8) -> (u8, u32) {
    (id, RUNS.run())
}

#[cached(ttl = (60 - 50) / 2, key = "calculated:<id>")]
async fn calculated(id: u8) -> (u8, u32) {
    (id, RUNS.run())
}

#[cached(ttl = Duration::from_secs(SECONDS as u64), key = "called:<id>", companion = false)]
async fn called(id: u8) -> (u8, u32) {
    (id, RUNS.run())
}

#[tokio::test]
async fn a_ttl_is_a_number_a_text_or_a_constant() {
    crate::local();
    let clock = FakeClock::new();
    let cache = Cache::builder().local(Moka::new()).no_remote().clock(clock.clone()).build();
    let all = async || {
        [
            number(1).await,
            text(1).await,
            duration(1).await,
            constant(1).await,
            calculated(1).await,
            called(1).await,
        ]
    };
    cache
        .scope(async {
            let first = all().await;
            clock.advance(Duration::from_millis(4900));
            assert_eq!(all().await, first);
            clock.advance(Duration::from_millis(200));
            let second = all().await;
            assert!(first.iter().zip(second).all(|(first, second)| *first != second));
        })
        .await;
}

#[derive(Clone)]
struct Opaque(Arc<str>);

#[cached(local)]
async fn opaque(text: &str) -> Opaque {
    Opaque(Arc::from(text))
}

#[tokio::test]
async fn local_values_need_no_serde() {
    crate::local();
    assert!(Arc::ptr_eq(&opaque("a").await.0, &opaque("a").await.0));
}

#[cached(key = "version:<id>")]
async fn first(id: u8) -> u8 {
    id
}

#[cached(key = "version:<id>", version = 1 + 1)]
async fn second(id: u8) -> u8 {
    id + 1
}

#[tokio::test]
async fn a_version_reads_no_other() {
    crate::local();
    assert_eq!(first(1).await, 1);
    assert_eq!(second(1).await, 2);
    assert_eq!(first(1).await, 1);
}

struct Owner {
    cache: Cache,
}

impl Owner {
    #[cached(key = "owner:<id>", cache = self.cache, companion = value_entry)]
    async fn value(&self, id: u8) -> u8 {
        id
    }

    #[cached(key = "owner:<id>", cache = self.shared(), lock = "10s")]
    async fn method(&self, id: u8) -> u8 {
        id
    }

    fn shared(&self) -> &Cache {
        &self.cache
    }
}

#[cached(key = "given:<id>", cache = given)]
async fn given(given: &Cache, id: u8) -> u8 {
    id
}

#[cached(key = "given:<id>", cache = &owner.cache)]
async fn owned(owner: Owner, id: u8) -> u8 {
    let _ = owner;
    id
}

#[cached(key = "global:<id>", cache = Cache::global(), lock = true)]
async fn global(id: u8) -> u8 {
    id
}

#[tokio::test]
async fn a_function_uses_the_cache_it_names() {
    crate::local();
    let owner = Owner { cache: cache() };
    assert_eq!(owner.value(1).await, 1);
    assert_eq!(owner.method(1).await, 1);
    assert_eq!(owner.cache.stats().misses, 1);
    assert_eq!(owner.value_entry(&1).peek().await, Some(1));
    assert_eq!(given(&owner.cache, 2).await, 2);
    assert_eq!(given::refresh(&owner.cache, 2).await, 2);
    assert_eq!(given::entry(&owner.cache, &2).peek().await, Some(2));
    assert_eq!(owner.cache.stats().loads, 3);
    assert_eq!(owned(Owner { cache: owner.cache.clone() }, 2).await, 2);
    assert_eq!(owner.cache.stats().hits, 2);
    assert_eq!(global(1).await, 1);
    assert_eq!(cache().scope(async { (global(1).await, global::stats().hits) }).await, (1, 1));
}

mod renamed {
    pub(super) use cache_runtime as runtime;
}

#[cached(crate = crate::settings::renamed::runtime)]
async fn elsewhere(id: u8) -> Option<u8> {
    Some(id)
}

#[tokio::test]
async fn the_runtime_may_live_elsewhere() {
    crate::local();
    assert_eq!(elsewhere(1).await, Some(1));
}
