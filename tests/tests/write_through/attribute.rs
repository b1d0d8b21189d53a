//! What the attribute can be told.

use std::time::Duration;

use cache_runtime::{Cache, Moka, cached, write_through};
use cache_tests::on_all_tiers;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn user(name: &str) -> User {
    User { id: 42, name: name.to_owned() }
}

#[cached(key = "user:<id>")]
async fn get_user(id: u64) -> Option<User> {
    (id != 42).then(|| User { id, name: "another".to_owned() })
}

#[cached(key = "name:<id>")]
async fn get_name(id: u64) -> Result<String, String> {
    Err(format!("{id} has no name"))
}

#[write_through(key = "user:<user.id>", value = user)]
async fn save(user: User) {
    drop(user);
}

#[write_through(entry = get_user(user.id), value = user)]
async fn save_by_reference(user: &User) -> Result<(), String> {
    assert!(!user.name.is_empty());
    Ok(())
}

#[write_through(key = "name:<user.id>", value = user.name)]
async fn rename(user: User) -> Result<User, String> {
    Ok(user)
}

#[write_through(key = "name:<id>", value = name, ttl = "1m", version = 1)]
async fn rename_to(id: u64, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{id} needs a name"));
    }
    Ok(())
}

#[write_through(key = "user:<id>", value = result)]
async fn remove(id: u64) -> Result<Option<User>, String> {
    assert_eq!(id, 42);
    Ok(None)
}

#[tokio::test]
async fn an_argument_is_the_value() {
    on_all_tiers(async |_| {
        save(user("Ada")).await;
        assert_eq!(get_user(42).await, Some(user("Ada")));
        save_by_reference(&user("Grace")).await.unwrap();
        assert_eq!(get_user(42).await, Some(user("Grace")));
    })
    .await;
}

#[tokio::test]
async fn a_path_from_an_argument_is_the_value() {
    on_all_tiers(async |tiers| {
        assert!(get_name(42).await.is_err());
        rename(user("Ada")).await.unwrap();
        assert_eq!(get_name(42).await, Ok("Ada".to_owned()));
        rename_to(42, "Grace").await.unwrap();
        assert_eq!(get_name(42).await, Ok("Grace".to_owned()));
        tiers.clock.advance(Duration::from_secs(61));
        assert!(get_name(42).await.is_err(), "it has the ttl of the attribute");
        rename_to(42, "Grace").await.unwrap();
        rename_to(42, "").await.unwrap_err();
        assert!(get_name(42).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_result_of_none_is_stored_as_none() {
    on_all_tiers(async |_| {
        save(user("Ada")).await;
        assert_eq!(remove(42).await, Ok(None));
        assert_eq!(get_user(42).await, None);
        assert_eq!(get_user::entry(&42).peek().await, None);
        assert_eq!(get_user::stats().loads, 0);
    })
    .await;
}

struct Users {
    cache: Cache,
    tenant: u64,
}

impl Users {
    #[cached(key = "tenant:<self.tenant>:<id>", cache = self.cache, companion = entry)]
    async fn user(&self, id: u64) -> Result<User, String> {
        Err(format!("{id} is unknown"))
    }

    #[write_through(entry = self.entry(&user.id), value = user)]
    async fn save(&self, user: User) -> Result<(), String> {
        let _ = &user;
        Ok(())
    }

    #[write_through(key = "tenant:<self.tenant>:<id>", cache = self.cache)]
    async fn make(&mut self, id: u64, name: String) -> Result<User, String> {
        Ok(User { id, name })
    }
}

#[tokio::test]
async fn a_method_writes_to_the_cache_of_its_entry() {
    let cache = Cache::builder().local(Moka::new()).no_remote().build();
    let mut users = Users { cache, tenant: 7 };
    users.save(user("Ada")).await.unwrap();
    assert_eq!(users.user(42).await.unwrap().name, "Ada");
    users.make(42, "Grace".to_owned()).await.unwrap();
    assert_eq!(users.user(42).await.unwrap().name, "Grace");
}

#[async_trait::async_trait]
trait Store {
    async fn save(&self, user: &User) -> Result<(), String>;
}

struct Table;

#[async_trait::async_trait]
impl Store for Table {
    #[write_through(entry = get_user(user.id), value = user)]
    async fn save(&self, user: &User) -> Result<(), String> {
        if user.name.is_empty() {
            return Err("nameless".to_owned());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_method_of_an_async_trait_writes_through() {
    on_all_tiers(async |_| {
        Table.save(&user("Ada")).await.unwrap();
        assert_eq!(get_user(42).await, Some(user("Ada")));
        Table.save(&user("")).await.unwrap_err();
        assert_eq!(get_user(42).await, None);
    })
    .await;
}
