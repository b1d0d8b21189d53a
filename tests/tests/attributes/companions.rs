//! What stands beside a free function.

use cache_runtime::{Key, cached};

use crate::Runs;

static RUNS: Runs = Runs::new();

#[cached(key = "counted:<id>")]
async fn counted(id: u64, _pool: &str) -> u32 {
    let _ = id;
    RUNS.run()
}

#[tokio::test]
async fn each_companion_does_its_part() {
    crate::local();
    let entry = counted::entry(&1);
    assert_eq!(entry.key(), &Key::from("counted:1"));
    assert_eq!(entry.peek().await, None);
    assert_eq!(counted(1, "pool").await, 1);
    assert_eq!(counted(1, "pool").await, 1);
    assert_eq!(entry.peek().await, Some(1));
    assert_eq!(counted::uncached(1, "pool").await, 2);
    assert_eq!(counted(1, "pool").await, 1);
    assert_eq!(counted::refresh(1, "pool").await, 3);
    assert_eq!(counted(1, "pool").await, 3);
    entry.put(9).await.unwrap();
    assert_eq!(counted(1, "pool").await, 9);
    entry.invalidate().await.unwrap();
    assert_eq!(counted(1, "pool").await, 4);
    let stats = counted::stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (4, 2, 3));
}

#[cached(companion = renamed)]
async fn named(id: u64) -> u64 {
    id
}

#[cached(key = "alone:<id>", companion = false)]
async fn alone(id: u64) -> u64 {
    id
}

/// Has a name that `alone` leaves free.
#[allow(non_camel_case_types)]
struct alone {}

#[tokio::test]
async fn a_companion_may_have_another_name_or_none() {
    crate::local();
    assert_eq!(named(1).await, 1);
    assert_eq!(renamed::entry(&1).key().as_str(), "attributes::companions::named:1");
    assert_eq!(renamed::entry(&1).peek().await, Some(1));
    assert_eq!(alone(1).await, 1);
    let alone {} = alone {};
}
