//! The shapes of functions that users annotate, in a crate that denies more than most do.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use cache_runtime::{Cache, cached, invalidates};

/// What is stored.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// Whose it is.
    pub id: u64,
    /// How it is called.
    pub name: String,
}

/// What fails.
#[derive(Debug)]
pub struct DbError;

/// A result of this crate.
pub type Result<T, E = DbError> = std::result::Result<T, E>;

/// A result whose name says nothing.
pub type Fetched = std::result::Result<Option<User>, DbError>;

fn user(id: u64) -> User {
    User { id, name: format!("user {id}") }
}

/// The card's own line.
///
/// # Errors
///
/// Sometimes.
#[cached(ttl = 3600, key = "user:<id>", lock = true)]
pub async fn get_user(id: u64) -> Result<User> {
    tokio::task::yield_now().await;
    Ok(user(id))
}

/// With all defaults.
#[cached]
pub async fn by_path(id: u64, name: &str, path: Option<&str>) -> Option<User>
where
    u64: Copy,
{
    tokio::task::yield_now().await;
    (name.len() > 3 && path.is_none()).then(|| user(id))
}

/// Private, with a name that starts like no argument should.
#[cached(ttl = "1h 30m", version = 2)]
async fn private(_id: u64, _: u32) -> u64 {
    tokio::task::yield_now().await;
    7
}

#[cached(local, ttl = std::time::Duration::from_secs(3))]
async fn private_alias() -> Fetched {
    if private(1, 2).await == 7 {
        return Ok(None);
    }
    tokio::task::yield_now().await;
    Err(DbError)
}

/// Calls what is private.
///
/// # Errors
///
/// Never.
pub async fn call_private() -> Fetched {
    private_by_value(String::new(), Vec::new(), None, true).await;
    underscored(1, (2, 3)).await;
    private_alias().await
}

/// What `entry` borrows is of types that are not borrowed elsewhere.
#[cached]
pub async fn by_value(name: String, ids: Vec<u64>, more: Option<String>, of: Arc<String>) -> usize {
    tokio::task::yield_now().await;
    let all = (name, ids, more, of);
    all.1.len()
}

#[cached]
async fn private_by_value(name: String, ids: Vec<u64>, more: Option<String>, flag: bool) -> usize {
    tokio::task::yield_now().await;
    let all = (name, ids, more, flag);
    all.1.len()
}

/// Names what it does not use.
#[cached(key = "<_id>:<_more>")]
async fn underscored(_id: u64, (_more, _): (u8, u8)) -> u8 {
    tokio::task::yield_now().await;
    1
}

/// Generic, over types and constants.
#[cached]
pub async fn generic<T, const N: usize>(items: [T; N]) -> Option<String>
where
    T: cache_runtime::KeyPart + ToString + Send + Sync,
{
    tokio::task::yield_now().await;
    items.first().map(ToString::to_string)
}

/// Patterns and all kinds of arguments.
#[cached(key = "<first>:<r#type>:<second.0>:<key>:<cache>:<call>:<result>:<value>:<site>")]
#[allow(clippy::too_many_arguments)]
pub async fn arguments(
    (first, second): (u8, (u8, u8)),
    mut r#type: u8,
    key: u8,
    cache: u8,
    call: u8,
    result: u8,
    value: u8,
    site: u8,
) -> u8 {
    tokio::task::yield_now().await;
    r#type += first + second.1;
    r#type + key + cache + call + result + value + site
}

/// `impl Trait` and lifetimes.
#[cached(key = "<name>")]
pub async fn borrowed<'a>(name: &'a str, suffix: impl Fn(&'a str) -> String + Send) -> String {
    tokio::task::yield_now().await;
    suffix(name)
}

/// Copies what it borrows.
///
/// # Errors
///
/// Sometimes.
#[cached(detach)]
pub async fn detached(name: &str, ids: &[u64]) -> Result<String> {
    tokio::task::yield_now().await;
    let id = ids.first().ok_or(DbError)?;
    Ok(format!("{name}{id}"))
}

/// Uses a cache it is given.
#[cached(key = "<id>", cache = cache)]
pub async fn on_cache(cache: &Cache, id: u64) -> u64 {
    tokio::task::yield_now().await;
    let _ = cache;
    id
}

/// Is on its way out.
#[deprecated]
#[must_use]
#[cached]
pub async fn old(id: u64) -> u64 {
    tokio::task::yield_now().await;
    id
}

/// Expects what happens.
#[expect(clippy::too_many_arguments, reason = "they are")]
#[cached]
pub async fn many(aa: u8, bb: u8, cc: u8, dd: u8, ee: u8, ff: u8, gg: u8, hh: u8) -> u8 {
    tokio::task::yield_now().await;
    aa + bb + cc + dd + ee + ff + gg + hh
}

/// Has more than clippy likes, and allows that.
#[allow(clippy::too_many_arguments)]
#[cached(key = "<aa>")]
pub async fn more(aa: u8, bb: u8, cc: u8, dd: u8, ee: u8, ff: u8, gg: u8, hh: u8) -> u8 {
    tokio::task::yield_now().await;
    aa + bb + cc + dd + ee + ff + gg + hh
}

/// Needs not be asynchronous, but for the attribute.
///
/// # Errors
///
/// Of course.
///
/// # Panics
///
/// That too.
#[cached]
pub async fn at_once(id: u64) -> Result<u64> {
    assert!(id > 0);
    id.checked_add(1).ok_or(DbError)
}

/// Is there, or not.
#[cached]
#[cfg(any())]
pub async fn configured(id: u64) -> u64 {
    missing(id)
}

/// Is traced.
#[tracing::instrument(skip(name))]
#[cached(key = "<id>")]
pub async fn traced(id: u64, name: &str) -> String {
    tokio::task::yield_now().await;
    format!("{name}{id}")
}

/// Is traced inside.
///
/// # Errors
///
/// Sometimes.
#[cached(key = "traced:<id>")]
#[tracing::instrument]
pub async fn traced_inside(id: u64) -> Result<u64> {
    tokio::task::yield_now().await;
    if id == 0 { Err(DbError) } else { Ok(id) }
}

/// An instance.
#[derive(Debug, Clone)]
pub struct Users {
    /// Whose it is.
    pub tenant: u32,
    cache: Cache,
}

impl Users {
    /// A new one.
    #[must_use]
    pub fn new(tenant: u32, cache: Cache) -> Self {
        Self { tenant, cache }
    }

    /// By reference.
    ///
    /// # Errors
    ///
    /// Sometimes.
    #[cached(key = "<self.tenant>:<id>", cache = self.cache, companion = user_entry)]
    pub async fn user(&self, id: u64) -> Result<User> {
        let found = self.find(id).await?;
        Ok(found)
    }

    /// By pointer.
    #[cached(key = "<self.tenant>:<id>")]
    pub async fn shared(self: Arc<Self>, id: u64) -> Option<User> {
        self.find(id).await.ok()
    }

    /// In the background.
    ///
    /// # Errors
    ///
    /// Sometimes.
    #[cached(key = "detached:<self.tenant>:<name>", detach)]
    pub async fn detached(&self, name: &str) -> Result<User> {
        #![allow(clippy::items_after_statements)]
        let this = 1;
        self.find(this).await?;
        fn nested(id: u64) -> Nested {
            Nested(id)
        }
        struct Nested(u64);
        impl Nested {
            fn id(&self) -> u64 {
                self.0
            }
        }
        if name.is_empty() {
            return Err(DbError);
        }
        self.find(nested(3).id()).await
    }

    /// Names what it does not use.
    #[cached(key = "<self.tenant>:<_id>", companion = unused_entry)]
    pub async fn unused(&self, _id: u64) -> u32 {
        tokio::task::yield_now().await;
        self.tenant
    }

    /// Without a receiver.
    #[cached(key = "any:<id>", companion = false)]
    pub async fn any(id: u64) -> Option<Self> {
        tokio::task::yield_now().await;
        let _ = id;
        None::<Self>
    }

    async fn find(&self, id: u64) -> Result<User> {
        tokio::task::yield_now().await;
        if id == 0 {
            return Err(DbError);
        }
        Ok(user(id))
    }

    /// Changes a user.
    ///
    /// # Errors
    ///
    /// Sometimes.
    #[invalidates(entry = self.user_entry(&id), key = "<self.tenant>:<result.id>", entry = get_user(result.id))]
    pub async fn rename(&mut self, id: u64, name: String) -> Result<User> {
        let mut user = self.find(id).await?;
        user.name = name;
        Ok(user)
    }

    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// Sometimes.
    #[invalidates(key = "user:<id>", on = "always")]
    #[invalidates(entry = get_user(id))]
    pub async fn touch(&self, id: u64) -> Result<()> {
        if id == 0 {
            return Err(DbError);
        }
        self.find(id).await?;
        Ok(())
    }
}

impl serde::Serialize for Users {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_u32(self.tenant)
    }
}

impl<'de> serde::Deserialize<'de> for Users {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let tenant = serde::Deserialize::deserialize(from)?;
        Ok(Self::new(tenant, Cache::current()))
    }
}

/// Where users are.
#[async_trait::async_trait]
pub trait Store {
    /// One of them.
    async fn user(&self, id: u64) -> Result<User>;

    /// Forgets one.
    async fn forget(&self, id: u64) -> Result<()>;

    /// Tells more.
    #[cached(key = "name:<id>")]
    async fn name(&self, id: u64) -> Result<String> {
        Ok(self.user(id).await?.name)
    }
}

#[async_trait::async_trait]
impl Store for Users {
    #[cached(key = "<self.tenant>:<id>", cache = self.cache)]
    async fn user(&self, id: u64) -> Result<User> {
        let found = self.find(id).await?;
        Ok(found)
    }

    #[invalidates(key = "<self.tenant>:<id>", cache = self.cache)]
    async fn forget(&self, id: u64) -> Result<()> {
        if id == 0 {
            return Err(DbError);
        }
        self.find(id).await?;
        Ok(())
    }
}

/// Where users are, without boxes.
pub trait Plain {
    /// One of them.
    fn one(&self, id: u64) -> impl Future<Output = Result<User>> + Send;
}

impl Plain for Users {
    #[cached(key = "plain:<self.tenant>:<id>")]
    async fn one(&self, id: u64) -> Result<User> {
        self.find(id).await
    }
}

/// Boxed by hand.
#[must_use]
#[cached(key = "factorial:<n>")]
pub fn factorial(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move { if n < 2 { 1 } else { n * factorial(n - 1).await } })
}

mod inner {
    #[allow(unreachable_pub)]
    #[cache_runtime::cached]
    pub async fn unreachable(id: u64) -> u64 {
        id
    }
}

/// Calls what is hidden.
pub async fn call_inner() -> u64 {
    inner::unreachable(inner::unreachable::uncached(3).await).await
}

macro_rules! annotated {
    ($vis:vis $name:ident, $argument:ident: $ty:ty => $key:literal, $returns:ty, $body:block) => {
        /// Made by a macro.
        #[cached(key = $key, ttl = 60 * 60)]
        $vis async fn $name($argument: $ty) -> $returns $body
    };
}

annotated!(pub made, id: &u64 => "made:<id>", Option<User>, {
    tokio::task::yield_now().await;
    Some(user(*id))
});
annotated!(made_too, id: u64 => "made:<id>", Result<User>, {
    tokio::task::yield_now().await;
    Ok(user(id))
});

/// Calls what is nested.
pub async fn nested() -> u64 {
    #[cached]
    async fn inner(id: u64) -> u64 {
        tokio::task::yield_now().await;
        id
    }
    let _ = inner::entry(&2);
    made_too(3).await.map_or(0, |user| user.id) + inner(2).await
}
