//! Functions that invalidate.

use std::sync::Arc;

use async_trait::async_trait;
use cache_runtime::{Cache, cached, invalidates};

use crate::{Runs, cache};

static RUNS: Runs = Runs::new();

#[cached(key = "invalidated:<id>")]
async fn value(id: u64) -> (u64, u32) {
    (id, RUNS.run())
}

#[cached]
async fn other(name: &str, id: u64) -> (String, u64, u32) {
    (name.to_owned(), id, RUNS.run())
}

mod generic {
    #[cache_runtime::cached]
    pub(super) async fn of<T: cache_runtime::KeyPart>(id: T) -> u32 {
        let _ = id;
        super::RUNS.run()
    }
}

struct Item {
    id: u64,
    name: String,
}

#[invalidates(key = "invalidated:<id>")]
async fn by_key(id: u64, fails: bool) -> Result<(), &'static str> {
    if fails { Err("fails") } else { Ok(()) }
}

#[invalidates(key = "invalidated:<id>", on = "always")]
async fn always(id: u64) -> Result<(), &'static str> {
    let _ = id;
    Err("fails")
}

#[invalidates(key = "invalidated:<id>", on = "ok")]
async fn without_a_result(id: u64) {
    let _ = id;
}

#[invalidates(key = "invalidated:<result.id>", entry = other(&result.name, id), entry = value(id))]
async fn by_result(id: u64, item: Item) -> Result<Item, std::num::ParseIntError> {
    let _: u8 = item.name.parse()?;
    if item.id == 0 {
        return Ok(Item { id: item.id + 3, ..item });
    }
    Ok(item)
}

#[invalidates(key = "invalidated:<item.id>:<result>", entry = value::entry(&(item.id + result)))]
async fn by_both(item: Arc<Item>) -> Result<u64, ()> {
    Ok(item.id)
}

#[invalidates(entry = generic::of::<u8>(1), entry = generic::of::entry(&2_u8))]
async fn by_entry() -> Option<()> {
    None
}

#[invalidates(key = "invalidated:1", cache = first)]
#[invalidates(key = "invalidated:1", cache = second)]
async fn in_two(first: &Cache, second: &Cache) {}

#[tokio::test]
async fn a_key_is_invalidated_after_ok_alone() {
    crate::local();
    let first = value(1).await;
    assert!(by_key(1, true).await.is_err());
    assert_eq!(value(1).await, first);
    by_key(1, false).await.unwrap();
    assert_ne!(value(1).await, first);
}

#[tokio::test]
async fn it_may_be_invalidated_after_errors_too() {
    crate::local();
    let first = value(2).await;
    assert!(always(2).await.is_err());
    assert_ne!(value(2).await, first);
}

#[tokio::test]
async fn a_function_that_returns_nothing_succeeds() {
    crate::local();
    let first = value(3).await;
    without_a_result(3).await;
    assert_ne!(value(3).await, first);
}

#[tokio::test]
async fn the_success_value_may_be_named() {
    crate::local();
    let before = (value(13).await, other("7", 14).await, value(14).await);
    let item = |name: &str| Item { id: 13, name: name.to_owned() };
    assert!(by_result(14, item("x")).await.is_err());
    assert_eq!((value(13).await, other("7", 14).await, value(14).await), before);
    assert!(by_result(14, item("7")).await.is_ok());
    assert_ne!(value(13).await, before.0);
    assert_ne!(other("7", 14).await, before.1);
    assert_ne!(value(14).await, before.2);
}

#[tokio::test]
async fn arguments_that_the_body_takes_may_stand_beside_it() {
    crate::local();
    let before = value(40).await;
    by_both(Arc::new(Item { id: 20, name: String::new() })).await.unwrap();
    assert_ne!(value(40).await, before);
}

#[tokio::test]
async fn an_early_return_invalidates() {
    crate::local();
    let before = value(3).await;
    assert!(by_result(99, Item { id: 0, name: "7".to_owned() }).await.is_ok());
    assert_ne!(value(3).await, before);
}

#[tokio::test]
async fn entries_of_generic_functions_may_be_named() {
    crate::local();
    let before = (generic::of(1_u8).await, generic::of(2_u8).await);
    by_entry().await;
    let after = (generic::of(1_u8).await, generic::of(2_u8).await);
    assert!(before.0 != after.0 && before.1 != after.1);
}

#[tokio::test]
async fn each_attribute_has_a_cache_of_its_own() {
    crate::local();
    let (first, second) = (cache(), cache());
    let before = (first.scope(value(1)).await, second.scope(value(1)).await);
    in_two(&first, &second).await;
    assert_ne!(first.scope(value(1)).await, before.0);
    assert_ne!(second.scope(value(1)).await, before.1);
}

#[derive(Clone)]
struct Users {
    tenant: u64,
    cache: Cache,
}

impl Users {
    #[cached(key = "users:<self.tenant>:<id>", cache = self.cache, companion = user_entry)]
    async fn user(&self, id: u64) -> (u64, u32) {
        (id, RUNS.run())
    }

    #[invalidates(entry = self.user_entry(&id))]
    async fn rename(&mut self, id: u64) -> Result<u64, ()> {
        self.tenant = Ok(self.tenant)?;
        Ok(id)
    }

    #[invalidates(entry = self.user_entry(result))]
    async fn shared(self: Arc<Self>, id: u64) -> Result<u64, ()> {
        let _ = self;
        Ok(id)
    }

    #[invalidates(key = "users:<self.tenant>:<result>", cache = self.cache)]
    async fn owned(mut self, id: u64) -> Result<u64, ()> {
        self.tenant += id;
        Ok(self.tenant - 1)
    }
}

#[async_trait]
trait Store {
    async fn forget(&self, id: u64) -> Result<u64, String>;
}

#[async_trait]
impl Store for Users {
    #[invalidates(key = "users:<self.tenant>:<result>", cache = self.cache)]
    #[invalidates(entry = value(id))]
    async fn forget(&self, id: u64) -> Result<u64, String> {
        if id == 0 {
            return Err("zero".to_owned());
        }
        let id = Ok::<_, String>(id)?;
        Ok(id)
    }
}

#[tokio::test]
async fn methods_invalidate() {
    crate::local();
    let mut users = Users { tenant: 1, cache: cache() };
    let first = users.user(1).await;
    users.rename(1).await.unwrap();
    let second = users.user(1).await;
    Arc::new(users.clone()).shared(1).await.unwrap();
    let third = users.user(1).await;
    users.clone().owned(1).await.unwrap();
    let fourth = users.user(1).await;
    assert!(users.forget(0).await.is_err());
    assert_eq!(users.user(1).await, fourth);
    users.forget(1).await.unwrap();
    let fifth = users.user(1).await;
    let runs = [first, second, third, fourth, fifth].map(|(_, run)| run);
    assert!(runs.windows(2).all(|pair| pair[0] < pair[1]), "{runs:?}");
}

#[tokio::test]
async fn a_caller_that_leaves_invalidates_what_arguments_name() {
    #[invalidates(key = "invalidated:<id>", key = "invalidated:<result>")]
    async fn never(id: u64) -> u64 {
        std::future::pending::<()>().await;
        id
    }
    crate::local();
    let first = value(50).await;
    let left = tokio::spawn(never(50));
    tokio::task::yield_now().await;
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    assert_ne!(value(50).await, first);
}
