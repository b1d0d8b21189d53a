//! How the cached functions within a future behave: as ever, past the cache, or anew.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether any future ever ran in a manner of its own: most programs never pay for looking.
static USED: AtomicBool = AtomicBool::new(false);

tokio::task_local! {
    static CURRENT: Manner;
}

/// What cached functions do instead of looking in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// They run, and store nothing.
    Bypassing,
    /// They run, and store what they return.
    Refreshing,
}

impl Manner {
    /// That of this task, if it is not the usual one.
    #[inline]
    pub(crate) fn current() -> Option<Self> {
        if USED.load(Relaxed) { CURRENT.try_with(|manner| *manner).ok() } else { None }
    }

    /// Runs `future` in this manner.
    pub(crate) fn within<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        USED.store(true, Relaxed);
        CURRENT.scope(self, future)
    }
}

/// Runs `future`; the cached functions that it calls run their bodies, and neither look in the cache
/// nor store anything there. `bypasses` counts them. A value that waits to be written behind is the
/// value all the same.
///
/// What `future` spawns is not within it. Of `bypass` and [`refreshing`], the inner one counts.
///
/// # Cancel safety
///
/// As `future`.
///
/// # Examples
///
/// ```
/// use cache_runtime::{bypass, cached};
///
/// #[cached]
/// async fn stock(article: u64) -> u64 {
///     article * 2 // a query, say
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # cache_runtime::Cache::builder().no_remote().build().scope(async {
/// stock(1).await;
/// bypass(stock(1)).await; // what is in the database, this very moment
/// assert_eq!((stock::stats().loads, stock::stats().bypasses), (1, 1));
/// # }).await
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn bypass<F: Future>(future: F) -> impl Future<Output = F::Output> {
    Manner::Bypassing.within(future)
}

/// Runs `future`; the cached functions that it calls run their bodies, and what they return takes
/// the place of what is cached.
///
/// What `future` spawns is not within it. Of [`bypass`] and `refreshing`, the inner one counts.
///
/// # Concurrent calls on the same key
///
/// Each runs its body. If another value or an invalidation comes between, it is not stored.
///
/// # Cancel safety
///
/// As `future`; a load of a function with `detach` goes on.
///
/// # Examples
///
/// ```
/// use cache_runtime::{cached, refreshing};
///
/// #[cached]
/// async fn stock(article: u64) -> u64 {
///     article * 2 // a query, say
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # cache_runtime::Cache::builder().no_remote().build().scope(async {
/// stock(1).await;
/// refreshing(stock(1)).await; // for all that ask from now on
/// stock(1).await;
/// assert_eq!((stock::stats().loads, stock::stats().hits), (2, 1));
/// # }).await
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn refreshing<F: Future>(future: F) -> impl Future<Output = F::Output> {
    Manner::Refreshing.within(future)
}
