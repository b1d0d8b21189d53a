use std::convert::Infallible;
use std::fmt;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};
use crate::journal::AnyJournal;
use crate::remote::{Changes, RemoteBackend};

/// A method of [`RemoteBackend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// [`RemoteBackend::get`].
    Get,
    /// [`RemoteBackend::get_or_set`].
    GetOrSet,
    /// [`RemoteBackend::replace`].
    Replace,
    /// [`RemoteBackend::extend`].
    Extend,
    /// [`RemoteBackend::release`].
    Release,
    /// [`RemoteBackend::invalidate`].
    Invalidate,
    /// [`RemoteBackend::enter`].
    Enter,
    /// [`RemoteBackend::stay`].
    Stay,
    /// [`RemoteBackend::leave`].
    Leave,
    /// [`RemoteBackend::leave_filled`].
    LeaveFilled,
    /// [`RemoteBackend::clear`]; its key is the prefix.
    Clear,
    /// [`RemoteBackend::holds`].
    Holds,
    /// [`RemoteBackend::follow`]; not recorded. Whatever goes wrong with it, the feed ends.
    Follow,
}

impl Method {
    const ALL: [Self; 13] = [
        Self::Get,
        Self::GetOrSet,
        Self::Replace,
        Self::Extend,
        Self::Release,
        Self::Invalidate,
        Self::Enter,
        Self::Stay,
        Self::Leave,
        Self::LeaveFilled,
        Self::Clear,
        Self::Holds,
        Self::Follow,
    ];
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails at once and changes nothing.
    Fail(ErrorKind),
    /// It waits until [`Faulty::heal`] and then runs, as with a server that was stopped.
    Hang,
    /// It waits for so long, by tokio's clock, and then runs.
    Delay(Duration),
    /// It runs, and its answer waits until [`Faulty::heal`].
    HoldReply,
    /// It runs, and then never answers.
    LoseReply,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method that was called.
    pub method: Method,
    /// The key it was called with.
    pub key: String,
}

/// A remote backend that errs, hangs or delays on command, and records what it is asked.
///
/// Clones share the commands, the record and the backend: one goes to the cache, one stays with
/// the test.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use cache_runtime::testing::{Fault, Faulty, MemoryRemote, Method};
/// use cache_runtime::{ErrorKind, RemoteBackend};
///
/// let remote = Faulty::new(MemoryRemote::new());
/// remote.on(Method::Get, Fault::Fail(ErrorKind::Unavailable));
/// assert!(remote.get("user:42").await.is_err());
/// remote.heal();
/// assert!(remote.get("user:42").await.is_ok());
/// assert_eq!(remote.methods(), [Method::Get, Method::Get]);
/// # });
/// ```
pub struct Faulty<R> {
    inner: Arc<R>,
    state: Arc<watch::Sender<State>>,
}

#[derive(Default)]
struct State {
    faults: Vec<(Method, Fault, Lasting)>,
    calls: Vec<Call>,
    healed: u64,
}

impl State {
    fn lasting(&self, method: Method) -> Option<Fault> {
        self.faults.iter().find(|(of, ..)| *of == method).map(|(_, fault, _)| *fault)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Once,
    UntilHealed,
}

impl<R> Faulty<R> {
    /// Wraps `inner`, which works until told otherwise.
    pub fn new(inner: R) -> Self {
        Self { inner: Arc::new(inner), state: Arc::new(watch::Sender::new(State::default())) }
    }

    /// The backend within.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// Lets every call of `method` go wrong from now on.
    pub fn on(&self, method: Method, fault: Fault) {
        self.arrange(method, fault, Lasting::UntilHealed);
    }

    /// Lets every call of every method go wrong from now on.
    pub fn on_all(&self, fault: Fault) {
        for method in Method::ALL {
            self.on(method, fault);
        }
    }

    /// Lets the next call of `method` go wrong, before what [`Faulty::on`] says.
    pub fn once(&self, method: Method, fault: Fault) {
        self.arrange(method, fault, Lasting::Once);
    }

    /// Lets everything work again, calls that hang included.
    pub fn heal(&self) {
        self.state.send_modify(|state| {
            state.faults.clear();
            state.healed += 1;
        });
    }

    /// The calls made so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.state.borrow().calls.clone()
    }

    /// The methods called so far, in order.
    pub fn methods(&self) -> Vec<Method> {
        let state = self.state.borrow();
        state.calls.iter().map(|call| call.method).collect()
    }

    /// Forgets the calls made so far.
    pub fn forget_calls(&self) {
        self.state.send_modify(|state| state.calls.clear());
    }

    /// Waits until `method` has been called so many times.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn called(&self, method: Method, times: usize) {
        let made = |state: &State| {
            let calls = state.calls.iter();
            calls.filter(|call| call.method == method).count() >= times
        };
        // The sender lives in `self`, so waiting can't fail.
        let _ = self.state.subscribe().wait_for(made).await;
    }

    fn arrange(&self, method: Method, fault: Fault, lasting: Lasting) {
        self.state.send_modify(|state| {
            let faults = &mut state.faults;
            if lasting == Lasting::UntilHealed {
                faults.retain(|(of, _, lasts)| *of != method || *lasts == Lasting::Once);
            }
            faults.push((method, fault, lasting));
        });
    }

    /// Records a call and finds what is to go wrong with it.
    fn begin(&self, method: Method, key: &str) -> (Option<Fault>, u64) {
        let (mut fault, mut healed) = (None, 0);
        self.state.send_modify(|state| {
            let key = key.to_owned();
            state.calls.push(Call { method, key });
            let once = state
                .faults
                .iter()
                .position(|(of, _, lasts)| *of == method && *lasts == Lasting::Once);
            fault = match once {
                Some(at) => Some(state.faults.remove(at).1),
                None => state.lasting(method),
            };
            healed = state.healed;
        });
        (fault, healed)
    }

    /// Waits until the feed is to end; answers with what error.
    async fn feed_fault(&self) -> Error {
        let mut changes = self.state.subscribe();
        loop {
            let fault = changes.borrow_and_update().lasting(Method::Follow);
            if let Some(fault) = fault {
                let kind = if let Fault::Fail(kind) = fault { kind } else { ErrorKind::Timeout };
                return Error::new(kind, "the test has the feed end");
            }
            // The sender lives in `self`, so waiting can't fail.
            let _ = changes.changed().await;
        }
    }

    /// Waits until everything works again.
    async fn healed(&self, before: u64) {
        let _ = self.state.subscribe().wait_for(|state| state.healed > before).await;
    }

    async fn call<T>(
        &self,
        method: Method,
        key: &str,
        run: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (fault, healed) = self.begin(method, key);
        match fault {
            None => run.await,
            Some(Fault::Fail(kind)) => Err(Error::new(kind, "the test has it fail")),
            Some(Fault::Hang) => {
                self.healed(healed).await;
                run.await
            }
            Some(Fault::HoldReply) => {
                let answer = run.await;
                self.healed(healed).await;
                answer
            }
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                run.await
            }
            Some(Fault::LoseReply) => {
                let _ = run.await;
                pending().await
            }
        }
    }
}

impl<R> Clone for Faulty<R> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), state: Arc::clone(&self.state) }
    }
}

impl<R: fmt::Debug> fmt::Debug for Faulty<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faulty").field(&self.inner).finish()
    }
}

impl<R: RemoteBackend> RemoteBackend for Faulty<R> {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.call(Method::Get, key, self.inner.get(key)).await
    }

    async fn get_or_set(&self, key: &str, cell: Bytes, ttl: Duration) -> Result<Option<Bytes>> {
        let run = self.inner.get_or_set(key, cell, ttl);
        self.call(Method::GetOrSet, key, run).await
    }

    async fn replace(
        &self,
        key: &str,
        expected: Bytes,
        cell: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        let run = self.inner.replace(key, expected, cell, ttl);
        self.call(Method::Replace, key, run).await
    }

    async fn extend(&self, key: &str, expected: Bytes, ttl: Duration) -> Result<bool> {
        let run = self.inner.extend(key, expected, ttl);
        self.call(Method::Extend, key, run).await
    }

    async fn release(&self, key: &str, expected: Bytes) -> Result<bool> {
        let run = self.inner.release(key, expected);
        self.call(Method::Release, key, run).await
    }

    async fn invalidate(&self, key: &str) -> Result<()> {
        let run = self.inner.invalidate(key);
        self.call(Method::Invalidate, key, run).await
    }

    async fn enter(&self, key: &str, writer: u64, hold: Duration) -> Result<()> {
        self.call(Method::Enter, key, self.inner.enter(key, writer, hold)).await
    }

    async fn stay(&self, key: &str, writer: u64, hold: Duration) -> Result<bool> {
        self.call(Method::Stay, key, self.inner.stay(key, writer, hold)).await
    }

    async fn leave(&self, key: &str, writer: u64) -> Result<()> {
        self.call(Method::Leave, key, self.inner.leave(key, writer)).await
    }

    async fn leave_filled(
        &self,
        key: &str,
        writer: u64,
        cell: Bytes,
        ttl: Duration,
    ) -> Result<bool> {
        let run = self.inner.leave_filled(key, writer, cell, ttl);
        self.call(Method::LeaveFilled, key, run).await
    }

    fn journal(&self, prefix: &str) -> Option<AnyJournal> {
        self.inner.journal(prefix)
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        let run = self.inner.clear(prefix);
        self.call(Method::Clear, prefix, run).await
    }

    async fn holds(&self, key: &str, expected: Bytes) -> Result<bool> {
        let run = self.inner.holds(key, expected);
        self.call(Method::Holds, key, run).await
    }

    async fn follow(&self, prefix: &str, changes: Changes) -> Result<Infallible> {
        tokio::select! {
            biased;
            error = self.feed_fault() => Err(error),
            ended = self.inner.follow(prefix, changes) => ended,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
