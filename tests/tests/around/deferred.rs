//! Invalidations inside `deferred`.

use cache_runtime::testing::{Fault, Method};
use cache_runtime::{ErrorKind, Key, cached, deferred, invalidates};
use cache_tests::{Source, Tiers, on_all_tiers, poll_once};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{HOLD, fails, is_cached, until_cached, update, version};

#[cached(key = "plain:<id>")]
async fn plain(source: Source, id: u64) -> u64 {
    source.load().await
}

#[invalidates(key = "plain:<id>")]
async fn write(source: &Source, id: u64) -> Result<u64, String> {
    Ok(source.update())
}

/// Invalidates entry 1 of `plain`, one way or the other.
#[derive(Debug, Clone, Copy)]
enum How {
    Attribute,
    Entry,
    Cache,
}

impl How {
    const ALL: [Self; 3] = [Self::Attribute, Self::Entry, Self::Cache];

    async fn invalidate(self, tiers: &Tiers) {
        match self {
            Self::Attribute => drop(write(&Source::new(), 1).await.unwrap()),
            Self::Entry => plain::entry(&1).invalidate().await.unwrap(),
            Self::Cache => tiers.cache.invalidate(&Key::from("plain:1")).await.unwrap(),
        }
    }
}

#[tokio::test]
async fn what_is_invalidated_inside_is_told_when_it_ends() {
    on_all_tiers(async |tiers| {
        for how in How::ALL {
            let source = Source::new();
            assert_eq!(plain(source.clone(), 1).await, 1);
            source.update();
            deferred(async {
                how.invalidate(&tiers).await;
                assert_eq!(plain(source.clone(), 1).await, 1, "{how:?}: not before");
            })
            .await;
            assert_eq!(plain(source.clone(), 1).await, 2, "{how:?}: and then at once");
            plain::entry(&1).invalidate().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn it_is_told_after_an_error_too() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(plain(source.clone(), 1).await, 1);
        source.update();
        let transaction = async {
            How::Attribute.invalidate(&tiers).await;
            Err::<(), _>("it is not known whether the commit came through")
        };
        deferred(transaction).await.unwrap_err();
        assert_eq!(plain(source.clone(), 1).await, 2);
    })
    .await;
}

#[tokio::test]
async fn calls_inside_are_answered_at_once() {
    let tiers = Tiers::new("both");
    tiers.remote.on(Method::Invalidate, Fault::Fail(ErrorKind::Unavailable));
    let inside = async {
        for how in How::ALL {
            how.invalidate(&tiers).await;
        }
        assert_eq!(tiers.remote.methods(), []);
    };
    tiers.cache.scope(deferred(inside)).await;
    assert!(tiers.remote.methods().contains(&Method::Invalidate), "told in the end");
}

#[tokio::test]
async fn a_load_that_began_inside_after_the_invalidation_is_not_kept() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        deferred(async {
            How::Cache.invalidate(&tiers).await;
            assert_eq!(plain(source.clone(), 1).await, 1, "before the commit");
            source.update();
        })
        .await;
        assert_eq!(plain(source.clone(), 1).await, 2);
    })
    .await;
}

#[tokio::test]
async fn it_is_told_if_the_caller_leaves_or_it_panics() {
    for panics in [false, true] {
        on_all_tiers(async |tiers| {
            let source = Source::new();
            assert_eq!(plain(source.clone(), 1).await, 1);
            source.update();
            let inside = std::sync::Arc::new(Notify::new());
            let (cache, entered) = (tiers.cache.clone(), inside.clone());
            let transaction = tokio::spawn(async move {
                cache
                    .scope(deferred(async {
                        plain::entry(&1).invalidate().await.unwrap();
                        entered.notify_one();
                        assert!(!panics, "inside");
                        std::future::pending::<()>().await;
                    }))
                    .await;
            });
            inside.notified().await;
            transaction.abort();
            assert_eq!(transaction.await.unwrap_err().is_panic(), panics);
            let is_new = || async { plain(source.clone(), 1).await == 2 };
            cache_tests::eventually(super::LONG, is_new).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_body_that_is_dropped_inside_is_told_in_the_end() {
    #[invalidates(key = "plain:<id>")]
    async fn never_ends(id: u64) {
        std::future::pending::<u64>().await;
        let _ = id;
    }

    on_all_tiers(async |_| {
        let source = Source::new();
        assert_eq!(plain(source.clone(), 1).await, 1);
        source.update();
        deferred(async {
            assert!(poll_once(Box::pin(never_ends(1)).as_mut()).is_pending());
            assert_eq!(plain(source.clone(), 1).await, 1);
        })
        .await;
        assert_eq!(plain(source.clone(), 1).await, 2);
    })
    .await;
}

#[tokio::test]
async fn the_outermost_tells() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(plain(source.clone(), 1).await, 1);
        source.update();
        deferred(async {
            deferred(How::Attribute.invalidate(&tiers)).await;
            assert_eq!(plain(source.clone(), 1).await, 1);
        })
        .await;
        assert_eq!(plain(source.clone(), 1).await, 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_spawned_inside_does_not_wait() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert_eq!(plain(source.clone(), 1).await, 1);
        source.update();
        deferred(async {
            let cache = tiers.cache.clone();
            let told = async move { cache.invalidate(&Key::from("plain:1")).await };
            tokio::spawn(told).await.unwrap().unwrap();
            assert_eq!(plain(source.clone(), 1).await, 2);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_barrier_stays_up_until_the_end() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        assert!(is_cached(&source).await);
        deferred(async {
            update(&source, 1).await.unwrap();
            assert!(!is_cached(&source).await);
            fails(2).await.unwrap_err();
        })
        .await;
        assert_eq!(version(source.clone(), 1).await, 2);
        assert!(is_cached(&source).await);
        assert_eq!(tiers.barriers(), [""; 0]);
        tiers.landed().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_barrier_stays_for_its_hold_if_the_caller_leaves() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let updated = Notify::new();
        let transaction = deferred(async {
            update(&source, 1).await.unwrap();
            updated.notify_one();
            std::future::pending::<()>().await;
        });
        tokio::select! { () = transaction => {} () = updated.notified() => {} }
        let began = Instant::now();
        assert!(!is_cached(&source).await);
        until_cached(&source).await;
        assert!(began.elapsed() >= HOLD * 9 / 10, "{:?}", began.elapsed());
        assert_eq!(tiers.barriers(), [""; 0]);
        tiers.landed().await;
    })
    .await;
}
