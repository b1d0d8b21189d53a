//! Reading through: a handle that owns its loader.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::{self, Cache};
use crate::call_site::Site;
use crate::entry_ref::EntryRef;
use crate::error::Result;
use crate::key::{Key, KeyPart, KeyWriter};
use crate::lookup::{Looking, Lookup};
use crate::policy::Policy;
use crate::read::Mode;
use crate::returns::Returns;
use crate::site_for::ShapeOf;

static SITE: Site = Site::new("cache_runtime", "ReadThrough", "", Policy::new());

type Loading<V, E> = Pin<Box<dyn Future<Output = Result<V, E>> + Send>>;

/// What is read under keys of one kind: from the cache, else by its own loader.
///
/// It does what `#[cached]` does, for code that is handed what it depends on. Loads belong to the key
/// and not to their callers. Clones are the same handle.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Policy, ReadThrough};
/// # use cache_runtime::{Cache, Moka};
///
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct User {
///     name: String,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let users = ReadThrough::new("user:<id>", Policy::new().ttl_secs(60), |id: u64| async move {
///     Ok::<_, std::io::Error>(User { name: format!("user {id}") }) // a query, say
/// });
/// # let users = users.on(&Cache::builder().local(Moka::new()).no_remote().build());
/// assert_eq!(users.get(&42).await?.name, "user 42");
/// users.put(&42, User { name: "Ada".to_owned() }).await.map_err(std::io::Error::other)?;
/// assert_eq!(users.get(&42).await?.name, "Ada");
/// # Ok::<_, std::io::Error>(())
/// # })?;
/// # Ok::<_, std::io::Error>(())
/// ```
pub struct ReadThrough<K, V, E> {
    template: Arc<Template>,
    policy: Policy,
    cache: Option<Cache>,
    load: Arc<dyn Fn(K) -> Loading<V, E> + Send + Sync>,
}

/// What stands before and behind the key's own part.
struct Template {
    before: String,
    behind: String,
    /// No other template's, ever.
    number: usize,
}

impl Template {
    fn parse(template: &str) -> Self {
        let mut texts = [String::new(), String::new()];
        let (mut at, mut rest) = (0, template);
        while let Some(next) = rest.chars().next() {
            let doubled = rest.starts_with("<<") || rest.starts_with(">>");
            if next == '<' && !doubled {
                let end = rest.find('>').unwrap_or_default();
                assert!(end > 1, "`{template}`: a placeholder is a name, such as `<id>`");
                assert!(at == 0, "`{template}`: there is one key, and one placeholder for it");
                (at, rest) = (1, &rest[end + 1..]);
                continue;
            }
            assert!(next != '>' || doubled, "`{template}`: this `>` closes nothing");
            texts[at].push(next);
            rest = &rest[next.len_utf8() * if doubled { 2 } else { 1 }..];
        }
        let [mut before, behind] = texts;
        if at == 0 {
            before.push(':');
        }
        Self { before, behind, number: Self::next() }
    }

    /// Odd, which no address of a site is.
    fn next() -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        NEXT.fetch_add(2, Relaxed)
    }
}

impl<K, V, E> ReadThrough<K, V, E>
where
    K: KeyPart + Clone + Send + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Send + 'static,
{
    /// A handle of the current cache.
    ///
    /// `key` is a template with one placeholder, which the key stands in: `"user:<id>"`. Without a
    /// placeholder, the key stands at the end, behind a colon. `load` brings what is not cached; `Ok`
    /// alone is stored.
    ///
    /// # Panics
    ///
    /// If `key` has more than one placeholder, or an angle bracket that is not closed.
    pub fn new<F, L>(key: &str, policy: Policy, load: L) -> Self
    where
        L: Fn(K) -> F + Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let load = Arc::new(move |key: K| Box::pin(load(key)) as Loading<V, E>);
        Self { template: Arc::new(Template::parse(key)), policy, cache: None, load }
    }

    /// The same, in `cache`.
    pub fn on(self, cache: &Cache) -> Self {
        Self { cache: Some(cache.clone()), ..self }
    }

    /// The value of `key`: from the cache, else from the loader.
    ///
    /// # Concurrent calls on the same key
    ///
    /// One loads, the others wait for it. If it fails, they load for themselves, at most eight at a
    /// time.
    ///
    /// # Cancel safety
    ///
    /// Once a load has begun, dropping this leaves it to the runtime, and its value is stored.
    ///
    /// # Errors
    ///
    /// Those of the loader.
    pub async fn get(&self, key: &K) -> Result<V, E> {
        let found =
            self.with_cache(|cache| self.looking(cache).up(|writer| self.write(writer, key)));
        match found {
            Lookup::Hit(returned) => returned,
            Lookup::Miss(call) => call.detached((self.load)(key.clone())).await,
        }
    }

    /// Loads the value of `key`, and stores it in place of what is cached.
    ///
    /// # Cancel safety
    ///
    /// As [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// Those of the loader.
    pub async fn refresh(&self, key: &K) -> Result<V, E> {
        let key_of = self.key(key);
        let call =
            self.with_cache(|cache| self.looking(cache).call(key_of.borrowed(), Mode::Refresh));
        call.detached((self.load)(key.clone())).await
    }

    /// The cached value of `key`, without loading it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it changes nothing.
    pub async fn peek(&self, key: &K) -> Option<V> {
        self.entry(key).peek().await
    }

    /// Stores the value of `key`. No load that began before replaces it.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    ///
    /// # Errors
    ///
    /// As [`EntryRef::put`].
    pub async fn put(&self, key: &K, value: V) -> Result<()> {
        self.entry(key).put(value).await
    }

    /// Makes what is cached under `key` count as outdated, in both tiers.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    ///
    /// # Errors
    ///
    /// As [`EntryRef::invalidate`].
    pub async fn invalidate(&self, key: &K) -> Result<()> {
        self.entry(key).invalidate().await
    }

    /// The entry of `key`, as the companions of cached functions hand it out.
    pub fn entry(&self, key: &K) -> EntryRef<V> {
        let key = self.key(key);
        self.with_cache(|cache| EntryRef::shared(cache.clone(), self.policy, key))
    }

    fn with_cache<T>(&self, ask: impl FnOnce(&Cache) -> T) -> T {
        match &self.cache {
            Some(cache) => ask(cache),
            None => cache::with_current(ask),
        }
    }

    fn write<'a>(&self, writer: &'a mut KeyWriter, key: &K) -> &'a mut KeyWriter {
        let Template { before, behind, .. } = &*self.template;
        writer.text(before).part(key).text(behind)
    }

    fn key(&self, key: &K) -> Key {
        let mut writer = KeyWriter::new();
        self.write(&mut writer, key);
        writer.finish().to_key()
    }

    fn looking<'a>(
        &'a self,
        cache: &'a Cache,
    ) -> Looking<'a, impl ShapeOf<Result<V, E>, V> + 'static + use<K, V, E>> {
        let shape = Returns::<Result<V, E>>::new().kind().unshared().serde();
        let owner = self.template.number;
        Looking { site: &SITE, owner, cache, policy: &self.policy, shape }
    }
}

impl<K, V, E> Clone for ReadThrough<K, V, E> {
    fn clone(&self) -> Self {
        Self {
            template: self.template.clone(),
            policy: self.policy,
            cache: self.cache.clone(),
            load: self.load.clone(),
        }
    }
}

impl<K, V, E> fmt::Debug for ReadThrough<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Template { before, behind, .. } = &*self.template;
        let key = format!("{before}<>{behind}");
        f.debug_struct("ReadThrough").field("key", &key).finish_non_exhaustive()
    }
}
