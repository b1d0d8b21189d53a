//! The shapes of functions that users annotate, in a crate that denies more than most do.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cache_runtime::{
    Cache, Pending, Timeout, Version, cached, invalidates, write_behind, write_through,
};

/// What is stored.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// Whose it is.
    pub id: u64,
    /// How it is called.
    pub name: String,
}

/// What fails.
#[derive(Debug, Clone)]
pub struct DbError;

impl From<Timeout> for DbError {
    fn from(_: Timeout) -> Self {
        Self
    }
}

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

#[cached(local, ttl = Duration::from_secs(3))]
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

const WINDOW: Duration = Duration::from_mins(5);
const EARLY: f64 = 0.75;

/// Every time there is.
///
/// # Errors
///
/// Sometimes.
#[cached(ttl = "1m", none_ttl = "1500ms", stale = WINDOW, refresh = EARLY, timeout = "200ms", jitter = 0.1)]
pub async fn timed(id: u64, name: &str) -> Result<Option<User>> {
    tokio::task::yield_now().await;
    Ok((name.len() > 3).then(|| user(id)))
}

/// Every time of errors, for ever.
///
/// # Errors
///
/// Sometimes.
#[cached(ttl = "forever", none_ttl = "never", err_ttl = 60 * 5, hard_timeout = WINDOW, refresh = "xfetch")]
pub async fn failing(id: u64) -> Fetched {
    tokio::task::yield_now().await;
    if id == 0 { Err(DbError) } else { Ok(None) }
}

/// Lives as long as it says.
#[cached(key = "life:<id>", ttl = |user| life(user))]
pub async fn living(id: u64) -> Option<User> {
    tokio::task::yield_now().await;
    Some(user(id))
}

#[cached(key = "lengths:<id>", ttl = |value: &String| Duration::from_secs(value.len() as u64))]
async fn private_living(id: u64) -> String {
    tokio::task::yield_now().await;
    id.to_string()
}

fn life(user: &User) -> Duration {
    Duration::from_secs(user.name.len() as u64)
}

/// Is cached for some, under conditions that alone name most arguments.
///
/// # Errors
///
/// Sometimes.
#[cached(
    key = "<id>",
    when = !force && first < 9,
    unless = is_odd(value) || value.name.ends_with(suffix) || users.iter().any(|id| value.id == *id + 1) || second.is_none()
)]
pub async fn conditional(
    id: u64,
    force: bool,
    suffix: &str,
    users: Vec<u64>,
    (first, second): (u8, Option<u8>),
) -> Result<User> {
    tokio::task::yield_now().await;
    if id == 0 { Err(DbError) } else { Ok(user(id)) }
}

#[cached(key = "private:<id>", when = enabled(), unless = is_odd(value), stale = 5)]
async fn private_conditional(id: u64) -> Result<User> {
    tokio::task::yield_now().await;
    if id == 0 { Err(DbError) } else { Ok(user(id)) }
}

fn enabled() -> bool {
    true
}

fn is_odd(user: &User) -> bool {
    user.id % 2 == 1
}

/// Calls what is private.
///
/// # Errors
///
/// Sometimes.
pub async fn call_conditional() -> Result<String> {
    private_conditional(1).await?;
    Ok(private_living(2).await)
}

/// Generic, in the background.
#[cached(key = "background:<id>", stale = "5m", unless = value.is_empty() || *id == 0)]
pub async fn background<T>(id: &u64, item: T) -> String
where
    T: ToString + Clone + Send + Sync + 'static,
{
    tokio::task::yield_now().await;
    format!("{id}{}", item.to_string())
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

    /// With most settings.
    ///
    /// # Errors
    ///
    /// Sometimes.
    #[cached(
        key = "settings:<self.tenant>:<name>",
        companion = settings_entry,
        ttl = |user| life(user),
        when = self.is_cached(name),
        unless = self.tenant == 0 || value.name == name,
        stale = WINDOW,
        timeout = "200ms",
        hard_timeout = "2s",
        err_ttl = WINDOW,
        refresh = 0.5,
        jitter = 0
    )]
    pub async fn settings(&self, name: &str) -> Result<User> {
        self.find(name.len() as u64).await
    }

    /// Copies what its key alone names.
    #[cached(key = "copied:<self.tenant>:<name>", stale = 5)]
    pub async fn copied(&self, name: &str) -> u32 {
        tokio::task::yield_now().await;
        self.tenant
    }

    /// Copies what its key alone names, and not itself.
    #[cached(key = "copied:<name>", detach, companion = false)]
    pub async fn copied_alone(name: &str) -> u32 {
        tokio::task::yield_now().await;
        3
    }

    /// Copies itself for its key alone.
    #[cached(key = "copied:<self.tenant>", refresh = 0.5)]
    pub async fn copied_self(&self) -> u32 {
        tokio::task::yield_now().await;
        3
    }

    /// Stays with its caller.
    ///
    /// # Errors
    ///
    /// Sometimes.
    #[cached(key = "kept:<self.tenant>:<id>", when = id > 0, unless = value.id == id, none_ttl = 5)]
    pub async fn kept(&mut self, id: u64) -> Result<Option<User>> {
        self.tenant += 1;
        self.find(id).await.map(Some)
    }

    fn is_cached(&self, name: &str) -> bool {
        name.len() > self.tenant as usize
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
    #[cached(key = "<self.tenant>:<id>", cache = self.cache, when = id > 0, unless = value.id != id, err_ttl = 5)]
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

/// Writes through.
///
/// # Errors
///
/// Sometimes.
#[write_through(entry = get_user(user.id), value = user)]
pub async fn save_user(user: &User) -> Result<()> {
    get_user::uncached(user.id).await?;
    Ok(())
}

/// Writes through what it returns.
#[write_through(key = "user:<id>", ttl = Duration::from_secs(3), version = 2)]
pub async fn make_user(id: u64, _name: String) -> Option<User> {
    tokio::task::yield_now().await;
    Some(user(id))
}

/// Writes behind.
///
/// # Errors
///
/// Sometimes.
#[write_behind(entry = get_user(user.id), flush = save_users, batch = 10, every = 3)]
pub async fn save_user_later(user: User) -> Result<()> {
    save_users_at(vec![user.id], Version::current()).await
}

async fn save_users(users: Vec<Pending<User>>) -> Result<()> {
    save_users_at(users.iter().map(|it| it.value.id).collect(), 0).await
}

async fn save_users_at(ids: Vec<u64>, version: i64) -> Result<()> {
    tokio::task::yield_now().await;
    if ids.is_empty() && version == 0 { Err(DbError) } else { Ok(()) }
}

/// Writes behind, one by one.
#[write_behind(key = "seen:<_id>", value = at, every = "1m")]
pub async fn seen(_id: u64, at: u64, _why: Option<String>) {
    tokio::task::yield_now().await;
    assert!(at > 0);
}

/// Needs its arguments for nothing else.
#[write_behind(key = "noted:<at>", value = text)]
pub async fn noted(at: u64, text: String) {}

/// Changes what it was given.
#[write_behind(key = "counted:<at>")]
pub async fn counted(mut at: u64) {
    tokio::task::yield_now().await;
    at += 1;
    drop(at.to_string());
}

#[write_behind(key = "private:<id>")]
async fn private_behind(id: u64) {
    drop(id.to_string());
}

/// Calls what is private, and what stands beside it.
///
/// # Errors
///
/// Those of the cache.
pub async fn call_behind() -> cache_runtime::Result<u64> {
    private_behind(3).await;
    seen::flush().await?;
    private_behind::pending().await
}
