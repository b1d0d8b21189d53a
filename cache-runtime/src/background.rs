//! Work that has to finish even if the caller that began it is gone.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Runs `work` to its end, on the runtime, whether or not the caller waits for it.
///
/// Outside a runtime it runs in place. `None` if the runtime ended first.
pub(crate) async fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
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
    Handle::try_current().ok().map(|runtime| runtime.spawn(work))
}

/// A load that runs in its caller, and goes on by itself if the caller leaves.
pub(crate) struct Detached<T: 'static> {
    /// Taken while it is polled: a load that panics is not polled again.
    load: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    runtime: Option<Handle>,
    limit: Duration,
}

impl<T> Detached<T> {
    /// `load`, which is dropped if it takes longer than `limit` after its caller left.
    pub(crate) fn new(load: Pin<Box<dyn Future<Output = T> + Send>>, limit: Duration) -> Self {
        Self { load: Some(load), runtime: Handle::try_current().ok(), limit }
    }

    /// Drops the load with its caller.
    pub(crate) fn cancel(mut self) {
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
        if let (Some(load), Some(runtime)) = (self.load.take(), &self.runtime) {
            let limit = self.limit;
            runtime.spawn(async move {
                let _ = tokio::time::timeout(limit, load).await;
            });
        }
    }
}
