//! Which cache a function uses, and what lives in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use std::time::Duration;

use cache_runtime::testing::{FakeClock, Probe};
use cache_runtime::{Cache, ErrorKind, Key, Moka, Policy, cached};
use cache_tests::{Source, Tiers};
use serde::{Deserialize, Serialize};

#[cached]
async fn counted(source: Source2, id: u64) -> u64 {
    source.0.load().await
}

/// A source that may stand in a default key, since it adds nothing to it.
#[derive(Clone)]
struct Source2(Source);

impl cache_runtime::KeyPart for Source2 {
    fn write_key(&self, _: &mut cache_runtime::KeyWriter) {}
}

mod one {
    #[cache_runtime::cached]
    pub(crate) async fn same_name(id: u64) -> String {
        format!("one {id}")
    }
}

mod two {
    #[cache_runtime::cached]
    pub(crate) async fn same_name(id: u64) -> String {
        format!("two {id}")
    }
}

#[tokio::test]
async fn functions_of_one_name_in_two_modules_share_nothing() {
    let tiers = Tiers::new("both");
    tiers
        .cache
        .scope(async {
            assert_eq!(one::same_name(1).await, "one 1");
            assert_eq!(two::same_name(1).await, "two 1");
            assert_ne!(one::same_name::entry(&1).key(), two::same_name::entry(&1).key());
        })
        .await;
}

#[tokio::test]
async fn functions_of_one_name_in_two_functions_share_nothing() {
    async fn one() -> u64 {
        #[cached]
        async fn nested(id: u64) -> u64 {
            id + 100
        }
        nested(1).await
    }

    async fn two() -> u64 {
        #[cached]
        async fn nested(id: u64) -> u64 {
            id + 200
        }
        nested(1).await
    }

    let tiers = Tiers::new("both");
    tiers.cache.scope(async { assert_eq!((one().await, two().await), (101, 201)) }).await;
}

#[tokio::test]
async fn what_the_cache_expression_borrows_is_given_back_before_the_load() {
    struct Locked(std::sync::Mutex<Cache>);

    impl Locked {
        #[cached(key = "locked:<id>", cache = self.0.lock().unwrap())]
        async fn read(&self, id: u64) -> u64 {
            assert!(self.0.try_lock().is_ok());
            id
        }
    }

    let locked = Locked(std::sync::Mutex::new(Tiers::new("local").cache));
    assert_eq!(locked.read(1).await, 1);
}

#[tokio::test]
async fn scopes_nest_and_end() {
    let (outer, inner) = (Tiers::new("local").cache, Tiers::new("local").cache);
    let source = Source2(Source::new());
    outer
        .scope(async {
            counted(source.clone(), 1).await;
            inner.scope(counted(source.clone(), 1)).await;
            counted(source.clone(), 1).await;
        })
        .await;
    assert_eq!((outer.stats().hits, outer.stats().misses), (1, 1));
    assert_eq!((inner.stats().hits, inner.stats().misses), (0, 1));
}

/// Two tests of a user's own suite: each has a runtime of its own, and one process-wide cache.
mod process_wide {
    use super::*;

    async fn uses_the_global_cache(id: u64) {
        let source = Source2(Source::new());
        assert_eq!(counted(source.clone(), id).await, 1);
        assert_eq!(counted(source.clone(), id).await, 1);
        assert_eq!(source.0.loads(), 1);
        counted::entry(&source, &id).invalidate().await.unwrap();
        assert_eq!(counted(source.clone(), id).await, 1);
        assert_eq!(source.0.loads(), 2);
    }

    fn install_once() {
        let _ = Cache::builder().local(Moka::new()).no_remote().build().install();
    }

    #[tokio::test]
    async fn in_one_test() {
        install_once();
        uses_the_global_cache(100).await;
    }

    #[tokio::test]
    async fn in_another() {
        install_once();
        uses_the_global_cache(101).await;
    }

    #[test]
    fn on_runtimes_one_after_another() {
        install_once();
        for id in 102..105 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(uses_the_global_cache(id));
        }
    }

    #[test]
    fn a_second_install_is_an_error() {
        install_once();
        let error = Cache::builder().no_remote().build().install().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn a_cache_without_tiers_runs_the_body() {
    let cache = Cache::builder().no_local().no_remote().build();
    let source = Source2(Source::new());
    for loads in 1..=3 {
        assert_eq!(cache.scope(counted(source.clone(), 1)).await, 1);
        assert_eq!(source.0.loads(), loads);
    }
    assert_eq!(cache.stats().bypasses, 3);
}

#[tokio::test]
async fn entries_nobody_asks_for_again_are_freed_after_their_ttl() {
    let clock = FakeClock::new();
    let cache = Cache::builder().clock(clock.clone()).local(Moka::new()).no_remote().build();
    for id in 0..1000_u64 {
        let ttl = Duration::from_secs(if id < 900 { 60 } else { 600 });
        let key = Key::new("entry").part(&id);
        cache.put(&key, vec![0_u8; 100], &Policy::new().ttl(ttl)).await.unwrap();
    }
    cache.sweep();
    assert_eq!(cache.local_len(), 1000);
    clock.advance(Duration::from_mins(1));
    cache.sweep();
    assert_eq!(cache.local_len(), 100);
}

#[tokio::test]
async fn the_capacity_of_the_local_tier_is_respected() {
    let cache = Cache::builder().local(Moka::new().capacity(50)).no_remote().build();
    for id in 0..5000_u64 {
        cache.put(&Key::new("entry").part(&id), id, &Policy::new()).await.unwrap();
    }
    cache.sweep();
    assert!(cache.local_len() <= 50, "{}", cache.local_len());
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
}

#[tokio::test]
async fn a_value_can_be_loaded_got_and_put_by_hand() {
    for name in ["local", "remote", "both"] {
        let Tiers { cache, .. } = Tiers::new(name);
        let key = Key::new("user").part(&42);
        let ada = User { name: "Ada".to_owned() };
        assert_eq!(cache.get::<User>(&key).await.unwrap(), None);
        let load = async { Ok::<_, String>(ada.clone()) };
        assert_eq!(cache.get_or_load(key.clone(), Policy::new(), load).await, Ok(ada.clone()));
        let load = async { Err("not asked".to_owned()) };
        assert_eq!(cache.get_or_load(key.clone(), Policy::new(), load).await, Ok(ada.clone()));
        assert_eq!(cache.get(&key).await.unwrap(), Some(ada));
        assert_eq!(cache.get::<Vec<u8>>(&key).await.unwrap(), None, "another type is a miss");
        let grace = User { name: "Grace".to_owned() };
        cache.put(&key, grace.clone(), &Policy::new()).await.unwrap();
        assert_eq!(cache.get(&key).await.unwrap(), Some(grace));
        cache.invalidate(&key).await.unwrap();
        assert_eq!(cache.get::<User>(&key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn versions_do_not_read_each_others_values_and_share_invalidations() {
    #[cached(key = "versioned", version = 1)]
    async fn first() -> u64 {
        1
    }

    #[cached(key = "versioned", version = 2)]
    async fn second() -> u64 {
        2
    }

    for name in ["local", "remote", "both"] {
        let tiers = Tiers::new(name);
        let scoped = async {
            assert_eq!(first().await, 1);
            assert_eq!(second().await, 2);
            assert_eq!(first().await, 1);
            second::entry().invalidate().await.unwrap();
            assert_eq!(first::entry().peek().await, None);
        };
        tiers.cache.scope(scoped).await;
    }
}
