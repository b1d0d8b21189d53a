//! Invalidations that wait for the end of a transaction.

use std::future::Future;
use std::sync::Arc;

use crate::cache::Cache;
use crate::error::Result;
use crate::invalidation::{self, Target};
use crate::key::Key;
use crate::sync::Mutex;

tokio::task_local! {
    static PUT_OFF: Arc<Mutex<Vec<Target>>>;
}

/// Runs `future`, and tells what it invalidates when it has ended: for a transaction that commits
/// there.
///
/// An invalidation that is told before the commit is told too early: a reader between the two loads
/// the old row and caches it. Inside `future`, functions with `#[invalidates]`,
/// [`EntryRef::invalidate`](crate::EntryRef::invalidate) and
/// [`Cache::invalidate`](crate::Cache::invalidate) only take down what is to be told, and answer
/// `Ok` at once. All of it is told when `future` is done, whatever it answers: a rollback costs a
/// load, a commit that was not told would cost the truth. Barriers of `at = "around"` stay up until
/// then.
///
/// Until then, cached functions still find what is cached, `future`'s own calls included. Of what
/// `future` spawns, nothing waits.
///
/// A `deferred` inside another one is a part of it: the outermost tells, since that is where the
/// transaction ends.
///
/// # Cancel safety
///
/// Dropped, or ended by a panic, it tells what has come together so far in the background: the
/// commit may have happened, or may still be on its way. Barriers stay for their hold.
///
/// # Examples
///
/// ```
/// use cache_runtime::{cached, deferred, invalidates};
/// # use std::sync::Mutex;
/// # type DbError = std::io::Error;
/// # static ROWS: Mutex<[u64; 2]> = Mutex::new([100, 0]);
/// # struct Transaction([u64; 2]);
/// # impl Transaction {
/// #     async fn begin() -> Result<Self, DbError> { Ok(Self(*ROWS.lock().unwrap())) }
/// #     async fn add(&mut self, id: usize, sum: i64) -> Result<(), DbError> {
/// #         self.0[id] = self.0[id].checked_add_signed(sum).ok_or(DbError::other("overdrawn"))?;
/// #         Ok(())
/// #     }
/// #     async fn commit(self) -> Result<(), DbError> { *ROWS.lock().unwrap() = self.0; Ok(()) }
/// # }
///
/// #[cached(key = "balance:<id>")]
/// async fn balance(id: usize) -> Result<u64, DbError> {
///     Ok(ROWS.lock().unwrap()[id]) // a query, say
/// }
///
/// #[invalidates(key = "balance:<id>", at = "around")]
/// async fn book(transaction: &mut Transaction, id: usize, sum: i64) -> Result<(), DbError> {
///     transaction.add(id, sum).await
/// }
///
/// async fn transfer(from: usize, to: usize, sum: i64) -> Result<(), DbError> {
///     deferred(async {
///         let mut transaction = Transaction::begin().await?;
///         book(&mut transaction, from, -sum).await?;
///         book(&mut transaction, to, sum).await?;
///         transaction.commit().await // told after this, and not before
///     })
///     .await
/// }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let cache = cache_runtime::Cache::builder().no_remote().build();
/// # cache.scope(async {
/// assert_eq!((balance(0).await?, balance(1).await?), (100, 0));
/// transfer(0, 1, 30).await?;
/// assert_eq!((balance(0).await?, balance(1).await?), (70, 30));
/// # Ok::<_, DbError>(())
/// # }).await
/// # })?;
/// # Ok::<_, DbError>(())
/// ```
pub async fn deferred<F: Future>(future: F) -> F::Output {
    if PUT_OFF.try_with(|_| ()).is_ok() {
        return future.await;
    }
    // Dropped after `future`, which puts off what it was about to do.
    let ending = Ending(Arc::default());
    let output = PUT_OFF.scope(ending.0.clone(), future).await;
    invalidation::tell(ending.take()).await;
    output
}

/// Invalidates `key`, in the end if this runs in a deferred future, else at once.
pub(crate) async fn invalidate(cache: &Cache, key: &Key) -> Result<()> {
    let target = Target::new(cache, key.clone());
    match put_off(vec![target]).pop() {
        Some(target) => target.tell().await,
        None => Ok(()),
    }
}

/// Leaves `targets` to the deferred future that this runs in; hands them back where there is none.
///
/// What was to be stored as a barrier comes down is forgotten then: it may never be committed.
pub(crate) fn put_off(mut targets: Vec<Target>) -> Vec<Target> {
    let Ok(list) = PUT_OFF.try_with(Arc::clone) else {
        return targets;
    };
    targets.iter_mut().for_each(Target::empty);
    list.lock().extend(targets);
    Vec::new()
}

/// What is to be told. Dropped with the deferred future on its way, it tells.
struct Ending(Arc<Mutex<Vec<Target>>>);

impl Ending {
    fn take(&self) -> Vec<Target> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        for mut target in self.take() {
            target.linger();
            target.begin();
        }
    }
}
