//! Functions with a receiver.

use std::sync::Arc;

use async_trait::async_trait;
use cache_runtime::cached;

use crate::{Runs, cache};

#[derive(Default)]
struct Users {
    tenant: u32,
    runs: Option<Runs>,
}

impl Users {
    fn of(tenant: u32) -> Self {
        Self { tenant, runs: Some(Runs::new()) }
    }

    fn run(&self) -> u32 {
        self.runs.as_ref().map_or(0, Runs::run)
    }

    #[cached(key = "methods:<self.tenant>:<id>", companion = user_entry)]
    async fn user(&self, id: u64) -> Result<String, String> {
        let run = self.run();
        if id == 0 {
            return Err("none".to_owned());
        }
        Ok(format!("{id} of {}, run {run}", self.tenant))
    }

    #[cached(key = "shared:<self.tenant>:<id>", companion = shared_entry)]
    async fn shared(self: Arc<Self>, id: u64) -> u32 {
        let _ = id;
        self.run()
    }

    #[cached(key = "owned:<self.tenant>")]
    async fn owned(self) -> u32 {
        self.tenant
    }

    #[cached(key = "exclusive:<self.tenant>")]
    async fn exclusive(&mut self) -> u32 {
        self.tenant += 1;
        self.tenant
    }

    #[cached(key = "static:<id>", companion = false)]
    async fn associated(id: u64) -> Option<u64> {
        Self::default().tenant.checked_add(1).map(u64::from).and_then(|one| one.checked_add(id))
    }
}

#[tokio::test]
async fn a_method_is_cached_for_what_its_key_names() {
    crate::local();
    let (one, two) = (Users::of(1), Users::of(2));
    assert_eq!(one.user(7).await.unwrap(), "7 of 1, run 1");
    assert_eq!(one.user(7).await.unwrap(), "7 of 1, run 1");
    assert_eq!(two.user(7).await.unwrap(), "7 of 2, run 1");
    assert!(one.user(0).await.is_err());
    let entry = one.user_entry(&7);
    assert_eq!(entry.key().as_str(), "methods:1:7");
    entry.invalidate().await.unwrap();
    assert_eq!(one.user(7).await.unwrap(), "7 of 1, run 3");
}

#[tokio::test]
async fn receivers_of_all_kinds_are_cached() {
    crate::local();
    let shared = Arc::new(Users::of(3));
    assert_eq!([shared.clone().shared(1).await, shared.clone().shared(1).await], [1, 1]);
    assert_eq!(shared.shared_entry(&1).peek().await, Some(1));
    assert_eq!([Users::of(4).owned().await, Users::of(4).owned().await], [4, 4]);
    let mut exclusive = Users::of(5);
    assert_eq!(exclusive.exclusive().await, 6);
    exclusive.tenant = 5;
    assert_eq!(exclusive.exclusive().await, 6);
    assert_eq!(exclusive.tenant, 5);
    assert_eq!(Users::associated(2).await, Some(3));
}

#[tokio::test]
async fn a_method_and_the_function_of_its_entry_count_as_one_site() {
    crate::local();
    let cache = cache();
    cache
        .scope(async {
            let users = Users::of(6);
            assert_eq!(users.user_entry(&1).peek().await, None);
            assert!(users.user(1).await.is_ok());
        })
        .await;
    assert_eq!(cache.stats().misses, 1);
}

#[async_trait]
trait Store: Sync {
    async fn user(&self, id: u64) -> Result<String, String>;

    async fn any(id: u64) -> u64
    where
        Self: Sized;

    #[cached(key = "name:<id>")]
    async fn name(&self, id: u64, suffix: &str) -> Result<String, String> {
        let user = self.user(id).await?;
        Ok(user + suffix)
    }
}

#[async_trait]
impl Store for Users {
    #[cached(key = "store:<self.tenant>:<id>")]
    async fn user(&self, id: u64) -> Result<String, String> {
        if id == 0 {
            return Err("none".to_owned());
        }
        let run = Ok::<_, String>(self.run())?;
        Ok(format!("run {run}"))
    }

    #[cached(key = "any:<id>")]
    async fn any(id: u64) -> u64 {
        id
    }
}

#[tokio::test]
async fn methods_under_async_trait_are_cached() {
    crate::local();
    let store: &dyn Store = &Users::of(8);
    assert_eq!(store.user(1).await.unwrap(), "run 1");
    assert_eq!(store.user(1).await.unwrap(), "run 1");
    assert!(store.user(0).await.is_err());
    assert_eq!(store.name(1, "!").await.unwrap(), "run 1!");
    assert_eq!(Users::any(3).await, 3);
    assert_eq!(
        tokio::spawn(async { Users::of(9).name(2, "?").await }).await.unwrap().unwrap(),
        "run 1?"
    );
}

trait Plain {
    async fn one(&self, id: u64) -> u32;

    #[cached(key = "default:<id>")]
    async fn two(&self, id: u64) -> u32 {
        self.one(id).await + 1
    }
}

impl Plain for Users {
    #[cached(key = "plain:<self.tenant>:<id>")]
    async fn one(&self, id: u64) -> u32 {
        let _ = id;
        self.run()
    }
}

#[tokio::test]
async fn methods_of_traits_are_cached() {
    crate::local();
    let users = Users::of(10);
    assert_eq!([users.one(1).await, users.one(1).await], [1, 1]);
    assert_eq!([users.two(1).await, users.two(1).await], [2, 2]);
}

struct Borrowing<'a> {
    name: &'a str,
    runs: Runs,
}

impl<'a> Borrowing<'a> {
    #[cached(key = "borrowing:<self.name>:<more>")]
    async fn joined(
        self: &Arc<Self>,
        more: &'a str,
        parse: &(dyn Fn(&str) -> usize + Sync),
    ) -> String
    where
        Self: Sync,
    {
        self.runs.run();
        format!("{}{more}{}", self.name, parse(more))
    }

    #[cached(key = "boxed:<self.name>")]
    async fn boxed(self: Box<Self>, then: Box<dyn FnOnce(u32) -> u32 + Send + 'a>) -> u32 {
        then(self.runs.run())
    }

    #[cached(key = "opaque:<self.name>:<id>")]
    async fn opaque<I: Iterator<Item = u8>>(
        &self,
        id: impl cache_runtime::KeyPart,
        all: I,
    ) -> Vec<u8> {
        let _ = id;
        all.collect()
    }
}

#[tokio::test]
async fn methods_of_types_that_borrow_are_cached() {
    crate::local();
    let name = "a".to_owned();
    let shared = Arc::new(Borrowing { name: &name, runs: Runs::new() });
    let found = [shared.joined("b", &str::len).await, shared.joined("b", &str::len).await];
    assert_eq!(found, ["ab1", "ab1"]);
    assert_eq!(shared.runs.count(), 1);
    let added = 2;
    let boxed = Box::new(Borrowing { name: &name, runs: Runs::new() });
    assert_eq!(boxed.boxed(Box::new(|run| run + added)).await, 3);
    assert_eq!(shared.opaque(1_u8, 1..3).await, [1, 2]);
    assert_eq!(shared.opaque(1_u8, 5..9).await, [1, 2]);
}
