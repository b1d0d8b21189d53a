//! What happens between the lookup of a call and its first poll, which no caller can come in between.

use std::future::pending;
use std::time::Duration;

use crate::cache::Cache;
use crate::call_site::Site;
use crate::key::Key;
use crate::lookup::{Looking, Lookup};
use crate::policy::Policy;
use crate::read::Call;
use crate::returns::{Returns, Shape};
use crate::testing::FakeClock;

static SITE: Site = Site::new("tests", "value", "value", Policy::new());

const POLICY: Policy = Policy::new().ttl_secs(10).stale_secs(20);

fn call(cache: &Cache, key: &Key) -> Call<impl Shape<Return = u64> + use<>> {
    let shape = Returns::<u64>::new().kind().errors().serde();
    match (Looking { site: &SITE, cache, policy: &POLICY, shape }).up_written(key.borrowed()) {
        Lookup::Miss(call) => call,
        Lookup::Hit(value) => panic!("{value} is a hit"),
    }
}

#[tokio::test]
async fn what_a_call_found_before_an_invalidation_is_offered_to_nobody_after_it() {
    let clock = FakeClock::new();
    let cache = Cache::builder().no_remote().clock(clock.clone()).build();
    let key = Key::from("value");
    assert_eq!(call(&cache, &key).load(async { 1 }).await, 1);
    clock.advance(Duration::from_secs(12));
    let stale = call(&cache, &key);
    cache.invalidate(&key).await.unwrap();
    assert_eq!(stale.detached(pending()).await, 1, "it began before");
    assert_eq!(call(&cache, &key).detached(async { 2 }).await, 2);
}
