//! Work that has to finish even if the caller that began it is gone.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cache::{self, Cache};
use crate::manner::Manner;

/// What is spawned: a task of this type is compiled once, and not for each kind of work.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs `work` to its end, on the runtime, whether or not the caller waits for it.
///
/// Outside a runtime it runs in place. `None` if the runtime ended first.
pub(crate) async fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let work: Boxed<T> = Box::pin(work);
    match Handle::try_current() {
        Ok(runtime) => match runtime.spawn(work).await {
            Ok(done) => Some(done),
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => None,
        },
        Err(_) => Some(work.await),
    }
}

/// Begins `work` on the runtime. Where there is none, it is dropped.
pub(crate) fn start<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<JoinHandle<T>> {
    Handle::try_current().ok().map(|runtime| runtime.spawn(Box::pin(work) as Boxed<T>))
}

/// A load that runs in its caller, and goes on by itself if the caller leaves, in the same scope.
pub(crate) struct Detached<T: 'static> {
    /// Taken while it is polled: a load that panics is not polled again.
    load: Option<Boxed<T>>,
    leave: Option<Leave>,
}

impl<T> Detached<T> {
    /// `load`, which goes to where `leave` says, or ends with its caller.
    pub(crate) fn new(leave: Option<Leave>, load: Boxed<T>) -> Self {
        Self { load: Some(load), leave }
    }

    /// Drops the load with its caller.
    pub(crate) fn cancel(&mut self) {
        self.load = None;
    }
}

impl<T> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(mut load) = self.load.take() else {
            return Poll::Pending; // it has panicked in its caller's hands
        };
        let polled = load.as_mut().poll(context);
        if polled.is_pending() {
            self.load = Some(load);
        }
        polled
    }
}

impl<T: 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        if let (Some(load), Some(leave)) = (self.load.take(), self.leave.take()) {
            leave.take(Box::pin(Ending(load)));
        }
    }
}

/// A load whose value nobody waits for. No `async` block, of which there would be one for each type.
struct Ending<T>(Boxed<T>);

impl<T> Future for Ending<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context).map(drop)
    }
}

/// Where a load goes on whose caller is gone.
pub(crate) struct Leave {
    runtime: Handle,
    limit: Duration,
    cache: Option<Cache>,
    manner: Option<Manner>,
}

impl Leave {
    /// To the runtime of now, for at most `limit`; nowhere if there is none.
    pub(crate) fn after(limit: Duration) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        Some(Self { runtime, limit, cache: cache::scoped(), manner: Manner::current() })
    }

    fn take(self, mut load: Boxed<()>) {
        if let Some(manner) = self.manner {
            load = Box::pin(manner.within(load));
        }
        if let Some(cache) = self.cache {
            load = Box::pin(async move { cache.scope(load).await });
        }
        let limit = self.limit;
        let load: Boxed<()> = Box::pin(async move { drop(timeout(limit, load).await) });
        self.runtime.spawn(load);
    }
}
