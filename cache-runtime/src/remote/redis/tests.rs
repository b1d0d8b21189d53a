#![allow(clippy::unwrap_used)]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;

use super::*;

#[test]
fn a_bad_url_is_a_config_error_that_keeps_its_secrets() {
    for url in [
        "",
        "127.0.0.1:6379",
        "http://127.0.0.1",
        "redis://",
        "redis://:secret@127.0.0.1:port",
        "redis://:secret@127.0.0.1/database",
    ] {
        let error = Redis::new(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!format!("{error:?}").contains("secret"));
    }
}

#[test]
fn debug_shows_the_server_and_no_secret() {
    let redis = Redis::new("redis://ada:secret@cache.internal:6380/3").unwrap();
    let shown = format!("{redis:?}");
    assert_eq!(shown, r#"Redis { server: "cache.internal:6380/3" }"#);
}

#[test]
fn outside_of_a_runtime_it_is_unavailable() {
    let redis = Redis::new("redis://127.0.0.1").unwrap();
    let answer = pin!(redis.get("a")).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(answer) = answer else { panic!("it waits") };
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn a_runtime_without_drivers_is_refused_and_stays_so() {
    let redis = Redis::new("redis://127.0.0.1:1").unwrap();
    let bare = tokio::runtime::Builder::new_current_thread();
    let bare = { bare }.build().unwrap();
    for _ in 0..3 {
        let answer = bare.block_on(redis.get("a"));
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    assert_eq!(redis.links.read().len(), 1);
}

#[test]
fn a_runtime_that_ends_takes_its_link_along() {
    let redis = Redis::new("redis://127.0.0.1:1").unwrap();
    for _ in 0..3 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let answer = runtime.block_on(redis.get("a"));
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(redis.links.read().len(), 1);
        drop(runtime);
        assert!(redis.links.read().is_empty());
    }
}

#[tokio::test]
async fn the_keeper_ends_with_the_last_clone() {
    let redis = Redis::new("redis://127.0.0.1:1").unwrap();
    let link = redis.links.link(&Handle::current());
    let clone = redis.clone();
    drop(redis);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&link), 3, "one here, in the map and the keeper");
    drop(clone);
    while Arc::strong_count(&link) > 1 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn ttls_stay_within_what_the_server_takes() {
    assert_eq!(px(Duration::ZERO), 1);
    assert_eq!(px(Duration::from_nanos(1)), 1);
    assert_eq!(px(Duration::from_secs(2)), 2_000);
    assert_eq!(px(Duration::MAX), MAX_TTL);
}

#[test]
fn debug_shows_sentinels_and_no_secret() {
    let sentinels = ["redis://:secret@10.0.0.1:26379", "10.0.0.2:26379"];
    let redis = Redis::sentinel(sentinels, "redis://ada:secret@main/3").unwrap();
    let shown = format!("{redis:?}");
    assert_eq!(shown, r#"Redis { server: "main by 10.0.0.1:26379, 10.0.0.2:26379" }"#);
}

#[test]
fn sentinels_that_make_no_sense_are_config_errors() {
    let kind = |answer: Result<Redis>| answer.map_err(|error| error.kind()).err();
    let none: [&str; 0] = [];
    assert_eq!(kind(Redis::sentinel(none, "main")), Some(ErrorKind::Config));
    assert_eq!(kind(Redis::sentinel(["host:port"], "main")), Some(ErrorKind::Config));
    assert_eq!(kind(Redis::sentinel(["host:1"], "")), Some(ErrorKind::Config));
    assert_eq!(kind(Redis::sentinel(["host:1"], "unix:///main")), Some(ErrorKind::Config));
}

#[test]
fn debug_shows_a_cluster_and_no_secret() {
    let redis = Redis::cluster(["redis://ada:secret@a:1", "redis://ada:secret@b:2"]).unwrap();
    assert_eq!(format!("{redis:?}"), r#"Redis { server: "cluster of a:1, b:2" }"#);
}

#[test]
fn clusters_that_make_no_sense_are_config_errors() {
    let kind = |answer: Result<Redis>| answer.map_err(|error| error.kind()).err();
    let none: [&str; 0] = [];
    assert_eq!(kind(Redis::cluster(none)), Some(ErrorKind::Config));
    assert_eq!(kind(Redis::cluster(["a:1"])), Some(ErrorKind::Config));
    assert_eq!(kind(Redis::cluster(["unix:///a"])), Some(ErrorKind::Config));
    let differ = ["redis://:one@a", "redis://:two@b"];
    assert_eq!(kind(Redis::cluster(differ)), Some(ErrorKind::Config));
}

#[cfg(not(feature = "redis-tls"))]
#[test]
fn tls_wants_its_feature() {
    for url in ["rediss://cache.internal", "valkeys://cache.internal"] {
        let error = Redis::new(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`redis-tls`"), "{error}");
    }
}

#[cfg(feature = "redis-tls")]
#[test]
fn roots_that_are_none_are_a_config_error() {
    let redis = Redis::new("rediss://ada:secret@cache.internal").unwrap();
    let begun = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = redis.root_certificates(begun).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
