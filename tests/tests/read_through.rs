//! Handles that own their loaders.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use cache_runtime::{Cache, Key, Moka, Policy, ReadThrough, cached, write_through};
use cache_tests::{Source, on_all_tiers, poll_once};

const POLICY: Policy = Policy::new().ttl_secs(60);

fn versions(source: &Source) -> ReadThrough<u64, u64, String> {
    let source = source.clone();
    ReadThrough::new("version:<id>", POLICY, move |id| {
        let source = source.clone();
        async move {
            let version = source.load().await;
            if id == 0 { Err("nobody".to_owned()) } else { Ok(version) }
        }
    })
}

#[tokio::test]
async fn a_value_is_loaded_once_and_found_for_its_ttl() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let versions = versions(&source);
        assert_eq!(versions.peek(&1).await, None);
        for _ in 0..3 {
            assert_eq!(versions.get(&1).await, Ok(1));
        }
        assert_eq!((source.loads(), versions.peek(&1).await), (1, Some(1)));
        assert_eq!(versions.get(&2).await, Ok(1));
        assert_eq!(source.loads(), 2, "another key");
        tiers.clock.advance(Duration::from_mins(1));
        versions.get(&1).await.unwrap();
        assert_eq!(source.loads(), 3);
    })
    .await;
}

#[tokio::test]
async fn an_error_is_handed_on_and_not_stored() {
    on_all_tiers(async |_| {
        let source = Source::new();
        let versions = versions(&source);
        for loads in 1..=2 {
            assert_eq!(versions.get(&0).await, Err("nobody".to_owned()));
            assert_eq!(source.loads(), loads);
        }
    })
    .await;
}

#[tokio::test]
async fn a_load_that_an_invalidation_overtakes_is_not_stored() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let versions = versions(&source);
        let held = source.hold();
        let (cache, handle) = (tiers.cache.clone(), versions.clone());
        let old = tokio::spawn(async move { cache.scope(handle.get(&1)).await });
        source.entered(1).await;
        source.update();
        versions.invalidate(&1).await.unwrap();
        drop(held);
        assert_eq!(old.await.unwrap(), Ok(1));
        assert_eq!(versions.get(&1).await, Ok(2));
    })
    .await;
}

#[tokio::test]
async fn a_load_outlives_its_caller() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let versions = versions(&source);
        let held = source.hold();
        let mut get = Box::pin(versions.get(&1));
        while source.loads() == 0 {
            assert!(poll_once(get.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        drop((get, held));
        tiers.landed().await;
        assert_eq!((versions.get(&1).await, source.loads()), (Ok(1), 1));
    })
    .await;
}

#[tokio::test]
async fn refresh_and_put_replace_what_is_cached() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let versions = versions(&source);
        versions.get(&1).await.unwrap();
        source.update();
        assert_eq!(versions.refresh(&1).await, Ok(2));
        assert_eq!(versions.get(&1).await, Ok(2));
        versions.put(&1, 7).await.unwrap();
        assert_eq!((versions.get(&1).await, source.loads()), (Ok(7), 2));
        tiers.landed().await;
    })
    .await;
}

#[cached(key = "version:<id>")]
async fn version(id: u64) -> Result<u64, String> {
    Err(format!("{id} is not loaded here"))
}

#[tokio::test]
async fn it_shares_entries_with_functions_of_the_same_key() {
    on_all_tiers(async |_| {
        let versions = versions(&Source::new());
        versions.get(&1).await.unwrap();
        assert_eq!(version(1).await, Ok(1));
        version::entry(&1).put(7).await.unwrap();
        assert_eq!(versions.get(&1).await, Ok(7));
    })
    .await;
}

#[write_through(entry = versions.entry(&id), value = value)]
async fn save(versions: &ReadThrough<u64, u64, String>, id: u64, value: u64) {
    let _ = (versions, id, value);
}

#[tokio::test]
async fn what_is_written_through_is_read_through_it() {
    on_all_tiers(async |_| {
        let source = Source::new();
        let versions = versions(&source);
        save(&versions, 1, 7).await;
        assert_eq!((versions.get(&1).await, source.loads()), (Ok(7), 0));
    })
    .await;
}

#[tokio::test]
async fn it_may_have_a_cache_of_its_own() {
    let cache = || Cache::builder().local(Moka::new()).no_remote().build();
    let source = Source::new();
    let (one, other) = (versions(&source).on(&cache()), versions(&source).on(&cache()));
    one.get(&1).await.unwrap();
    other.get(&1).await.unwrap();
    one.get(&1).await.unwrap();
    assert_eq!(source.loads(), 2);
}

#[test]
fn a_template_says_where_the_key_stands() {
    let key = |template| {
        let cache = Cache::builder().local(Moka::new()).no_remote().build();
        let load = async |_: (u64, String)| Ok::<u64, ()>(1);
        ReadThrough::new(template, POLICY, load)
            .on(&cache)
            .entry(&(42, "a/b".to_owned()))
            .key()
            .clone()
    };
    let part = Key::new("user").part(&(42, "a/b")).to_string();
    let part = part.strip_prefix("user:").unwrap();
    assert_eq!(key("user:<id>").as_str(), format!("user:{part}"));
    assert_eq!(key("user").as_str(), format!("user:{part}"));
    assert_eq!(key("<<users>>/<id>/name").as_str(), format!("<users>/{part}/name"));
}

#[test]
#[should_panic(expected = "one placeholder")]
fn a_template_with_two_placeholders_is_refused() {
    let load = async |_: u64| Ok::<u64, ()>(1);
    let _ = ReadThrough::new("<tenant>:<id>", POLICY, load);
}

/// What tells a handle's keys from another's is not where it lies: that is soon another one's place.
#[tokio::test]
async fn handles_of_other_templates_are_told_apart_long_after_they_are_gone() {
    let cache = Cache::builder().local(Moka::new()).no_remote().build();
    for number in 0..100_u64 {
        let load = move |_| async move { Ok::<_, String>(number) };
        let handle = ReadThrough::new(&format!("{number}:<id>"), POLICY, load).on(&cache);
        // Often enough for it to be at hand, which the first hits after a miss are not yet.
        for _ in 0..20 {
            assert_eq!(handle.get(&1_u64).await, Ok(number));
        }
    }
}
