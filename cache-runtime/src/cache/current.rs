//! Which cache an annotated function uses: the scoped one, else the process-wide one.

use std::env;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::Cache;
use crate::error::{Error, ErrorKind, Result};

static GLOBAL: OnceLock<Cache> = OnceLock::new();

/// Whether any cache was ever scoped: most programs never pay for looking.
static SCOPED: AtomicBool = AtomicBool::new(false);

tokio::task_local! {
    static CURRENT: Cache;
}

/// Calls `f` with the current cache.
#[inline]
pub(crate) fn with_current<T>(f: impl FnOnce(&Cache) -> T) -> T {
    match never_scoped() {
        Some(cache) => f(cache),
        None => with_scoped(f),
    }
}

/// The process-wide cache, while no other can be the current one.
#[inline]
pub(crate) fn never_scoped() -> Option<&'static Cache> {
    if SCOPED.load(Relaxed) { None } else { Some(Cache::global()) }
}

/// Calls `f` with the scoped cache, else with the process-wide one.
#[inline]
pub(crate) fn with_scoped<T>(f: impl FnOnce(&Cache) -> T) -> T {
    if CURRENT.try_with(|_| ()).is_ok() { CURRENT.with(f) } else { f(Cache::global()) }
}

/// The cache that this task runs in the scope of.
#[cold]
pub(crate) fn scoped() -> Option<Cache> {
    CURRENT.try_with(Cache::clone).ok()
}

impl Cache {
    /// Makes this the cache of the whole process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is one already: one was installed, or a cached function ran
    /// or [`Cache::global`] was called before.
    pub fn install(self) -> Result<()> {
        let cache = self.clone();
        GLOBAL.set(self).map_err(|_| {
            let reason = "the process has a cache already: install it before any cached call";
            Error::new(ErrorKind::Config, reason)
        })?;
        cache.desk().resume(&cache);
        Ok(())
    }

    /// The process-wide cache: the installed one, else one made from features and environment.
    ///
    /// With the feature `moka` it has a local tier, with `redis` a remote one, at
    /// `CACHE_REDIS_URL` (else `redis://127.0.0.1:6379`), with the prefix `CACHE_NAMESPACE` (else
    /// `cache`). A URL that can't be parsed is reported once, and leaves the remote tier out.
    #[inline]
    pub fn global() -> &'static Self {
        match GLOBAL.get() {
            Some(cache) => cache,
            None => Self::make_global(),
        }
    }

    #[cold]
    fn make_global() -> &'static Self {
        let cache = GLOBAL.get_or_init(|| {
            let builder = Self::builder();
            match env::var("CACHE_NAMESPACE") {
                Ok(namespace) => builder.namespace(namespace).build(),
                Err(_) => builder.build(),
            }
        });
        cache.desk().resume(cache);
        cache
    }

    /// The cache that annotated functions called here would use: the scoped one, else the global.
    ///
    /// A task that is spawned starts outside every scope: give it this cache with
    /// [`scope`](Self::scope).
    pub fn current() -> Self {
        with_current(Self::clone)
    }

    /// Runs `future`, and what it awaits, with this cache as the current one.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use cache_runtime::{Cache, Moka, cached};
    ///
    /// #[cached]
    /// async fn answer() -> u32 {
    ///     42
    /// }
    ///
    /// let cache = Cache::builder().local(Moka::new()).no_remote().build();
    /// cache.scope(async { assert_eq!(answer().await, 42) }).await;
    /// assert_eq!(cache.stats().misses, 1);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        SCOPED.store(true, Relaxed);
        self.desk().resume(self);
        CURRENT.scope(self.clone(), future)
    }
}
