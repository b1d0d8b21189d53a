//! What `#[invalidates]` does after the body, through every way out of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use std::pin::pin;
use std::time::Duration;

use cache_runtime::{Cache, Moka, cached, invalidates};
use cache_tests::{Source, eventually, on_all_tiers, poll_once};
use tokio::sync::Notify;

#[cached(key = "user:<id>")]
async fn user(source: Source, id: u64) -> u64 {
    source.load().await
}

#[cached(key = "users")]
async fn users(source: Source) -> u64 {
    source.load().await
}

struct Row {
    id: u64,
}

#[invalidates(key = "user:<id>")]
async fn fails(id: u64, fails: bool) -> Result<(), String> {
    let _ = id;
    if fails { Err("no".to_owned()) } else { Ok(()) }
}

#[invalidates(key = "user:<id>", on = "always")]
async fn fails_after_its_commit(id: u64) -> Result<(), String> {
    let _ = id;
    Err("late".to_owned())
}

#[invalidates(key = "user:<id>")]
async fn returns_early(id: u64, text: &str) -> Result<u64, std::num::ParseIntError> {
    if text == "early" {
        return Ok(id);
    }
    let number: u64 = text.parse()?;
    Ok(number)
}

#[invalidates(key = "user:<id>", key = "users")]
async fn several(id: u64) {
    let _ = id;
}

#[invalidates(key = "user:<result.id>")]
async fn creates(id: u64) -> Result<Row, String> {
    Ok(Row { id })
}

#[invalidates(entry = user(id))]
async fn by_entry(id: u64) -> Option<()> {
    let _ = id;
    None
}

#[invalidates(entry = user(result.id))]
#[invalidates(key = "users")]
async fn by_entry_of_its_result(id: u64) -> Result<Row, String> {
    Ok(Row { id })
}

#[invalidates(key = "user:<id>")]
async fn waits(id: u64, entered: &Notify, gate: &Notify) -> Result<(), String> {
    let _ = id;
    entered.notify_one();
    gate.notified().await;
    Ok(())
}

#[invalidates(key = "user:<id>")]
async fn panics(id: u64) -> Result<(), String> {
    panic!("after the commit of {id}")
}

/// Whether `update` makes user 1, and the list, be loaded anew.
async fn outdates(update: impl AsyncFnOnce()) -> (bool, bool) {
    let source = Source::new();
    let (one, all) = (user(source.clone(), 1).await, users(source.clone()).await);
    let version = source.update();
    update().await;
    let now = (user(source.clone(), 1).await, users(source.clone()).await);
    users::entry().invalidate().await.unwrap();
    user::entry(&1).invalidate().await.unwrap();
    assert!([one, version].contains(&now.0) && [all, version].contains(&now.1));
    (now.0 == version, now.1 == version)
}

#[tokio::test]
async fn it_invalidates_after_ok_and_not_after_an_error() {
    on_all_tiers(async |tiers| {
        assert_eq!(outdates(async || fails(1, false).await.unwrap()).await, (true, false));
        assert_eq!(
            outdates(async || fails(1, true).await.unwrap_err().clear()).await,
            (false, false)
        );
        assert_eq!(outdates(async || fails(2, false).await.unwrap()).await, (false, false));
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn on_always_invalidates_after_an_error_too() {
    on_all_tiers(async |_| {
        let update = async || fails_after_its_commit(1).await.unwrap_err().clear();
        assert_eq!(outdates(update).await, (true, false));
    })
    .await;
}

#[tokio::test]
async fn an_early_return_and_a_question_mark_stay_inside_the_body() {
    on_all_tiers(async |_| {
        let early = async || assert_eq!(returns_early(1, "early").await, Ok(1));
        assert_eq!(outdates(early).await, (true, false));
        let through = async || assert_eq!(returns_early(1, "7").await, Ok(7));
        assert_eq!(outdates(through).await, (true, false));
        let error = async || assert!(returns_early(1, "seven").await.is_err());
        assert_eq!(outdates(error).await, (false, false));
    })
    .await;
}

#[tokio::test]
async fn several_keys_are_invalidated_together() {
    on_all_tiers(async |_| {
        assert_eq!(outdates(async || several(1).await).await, (true, true));
    })
    .await;
}

#[tokio::test]
async fn a_key_may_name_the_result() {
    on_all_tiers(async |_| {
        let update = async || assert_eq!(creates(1).await.unwrap().id, 1);
        assert_eq!(outdates(update).await, (true, false));
    })
    .await;
}

#[tokio::test]
async fn an_entry_names_the_cached_function() {
    on_all_tiers(async |_| {
        let update = async || assert_eq!(by_entry(1).await, None);
        assert_eq!(outdates(update).await, (true, false));
        let update = async || assert_eq!(by_entry_of_its_result(1).await.unwrap().id, 1);
        assert_eq!(outdates(update).await, (true, true));
    })
    .await;
}

#[tokio::test]
async fn it_invalidates_if_the_caller_is_dropped_while_the_body_runs() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(user(source.clone(), 1).await, 1);
        source.update();
        {
            let (entered, gate) = (Notify::new(), Notify::new());
            let mut write = pin!(waits(1, &entered, &gate));
            assert!(poll_once(write.as_mut()).is_pending());
            entered.notified().await;
            assert_eq!(user(source.clone(), 1).await, 1, "not before it ends");
        }
        // The remote tier is told in the background.
        let read = || async { user(source.clone(), 1).await == 2 };
        eventually(Duration::from_secs(5), read).await;
        tiers.landed().await;
    })
    .await;
}

#[tokio::test]
async fn it_invalidates_if_the_body_panics() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(user(source.clone(), 1).await, 1);
        source.update();
        let cache = tiers.cache.clone();
        let write = tokio::spawn(async move { cache.scope(panics(1)).await });
        assert!(write.await.unwrap_err().is_panic());
        eventually(Duration::from_secs(5), || async { user(source.clone(), 1).await == 2 }).await;
    })
    .await;
}

#[tokio::test]
async fn each_attribute_may_name_a_cache_of_its_own() {
    struct Service {
        cache: Cache,
    }

    impl Service {
        #[cached(key = "service:<id>", cache = self.cache)]
        async fn read(&self, source: &Source, id: u64) -> u64 {
            source.load().await
        }

        #[invalidates(key = "service:<id>", cache = self.cache)]
        async fn write(&self, id: u64) {
            let _ = id;
        }
    }

    let cache = || Cache::builder().local(Moka::new()).no_remote().build();
    let (one, other) = (Service { cache: cache() }, Service { cache: cache() });
    let source = Source::new();
    assert_eq!(one.read(&source, 1).await, 1);
    assert_eq!(other.read(&source, 1).await, 1);
    assert_eq!(source.loads(), 2);
    source.update();
    one.write(1).await;
    assert_eq!(one.read(&source, 1).await, 2);
    assert_eq!(other.read(&source, 1).await, 1);
}
