//! The task that has the changes followed, again and again.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::{Changes, Feed, Listener, Trust};
use crate::background::Boxed;
use crate::error::{Error, ErrorKind};
use crate::remote::Backend;
use crate::remote::random::jittered;
use crate::sync::Mutex;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(400);

/// How long to wait before asking again a server that doesn't tell changes.
const PAUSE_WHEN_REFUSED: Duration = Duration::from_mins(1);

/// A feed that lasted for less is followed by the next longer pause, not the shortest.
const STEADY: Duration = Duration::from_secs(1);

/// A task that gives no sign of life for so long may be on a runtime that nobody drives.
const STALLED: Duration = Duration::from_secs(5);

/// Keeps the feed of one cache, on the runtime of the call that found it wanting.
pub(crate) struct Keeper {
    feed: Arc<Feed>,
    backend: Backend,
    prefix: Arc<str>,
    listener: OnceLock<Weak<dyn Listener>>,
    task: Arc<Mutex<Option<Task>>>,
}

struct Task {
    number: u64,
    handle: Option<AbortHandle>,
    sign: Instant,
}

impl Keeper {
    pub(crate) fn new(feed: Arc<Feed>, backend: Backend, prefix: &str) -> Self {
        let prefix = prefix.into();
        Self { feed, backend, prefix, listener: OnceLock::new(), task: Arc::default() }
    }

    pub(crate) fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Says who is told of changes. Without anybody, nothing is followed.
    pub(crate) fn follow(&self, listener: Weak<dyn Listener>) {
        // Set once, by who made the cache.
        let _ = self.listener.set(listener);
    }

    /// Who is told of changes.
    pub(crate) fn listener(&self) -> Option<Arc<dyn Listener>> {
        self.listener.get()?.upgrade()
    }

    /// What an entry that is asked for now will depend on.
    pub(crate) fn trust(&self) -> Trust {
        let trust = self.feed.trust();
        if !trust.is_connected() {
            self.start();
        }
        trust
    }

    /// Sees to it that a task of this runtime, or of another one that moves, keeps the feed.
    fn start(&self) {
        let (Some(listener), Ok(runtime)) = (self.listener.get(), Handle::try_current()) else {
            return;
        };
        let mut task = self.task.lock();
        if task.as_ref().is_some_and(|task| task.sign.elapsed() < STALLED) {
            return;
        }
        let stalled = task.take();
        let changes = Changes::new(self.feed.clone(), &self.prefix, listener.clone());
        let number = changes.number;
        *task = Some(Task { number, handle: None, sign: Instant::now() });
        drop(task);
        if let Some(handle) = stalled.and_then(|task| task.handle) {
            handle.abort();
            self.feed.disarm();
        }
        let following =
            Following { changes, task: self.task.clone(), backend: self.backend.clone() };
        // Outside of the lock: a runtime that is ending drops the task at once.
        let handle = runtime.spawn(Box::pin(following.run()) as Boxed<_>).abort_handle();
        if let Some(task) = &mut *self.task.lock()
            && task.number == number
        {
            task.handle = Some(handle);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(handle) = self.task.lock().take().and_then(|task| task.handle) {
            handle.abort();
        }
    }
}

/// The task. If its runtime ends first, the next call begins another.
struct Following {
    changes: Changes,
    backend: Backend,
    task: Arc<Mutex<Option<Task>>>,
}

impl Following {
    async fn run(self) {
        let mut pause = FIRST_PAUSE;
        let mut refused = false;
        while self.signs() {
            let began = Instant::now();
            let Err(error) = self.follow().await;
            if began.elapsed() >= STEADY {
                pause = FIRST_PAUSE;
            }
            if self.changes.ended() {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "lost track of the remote tier: local entries live shortly");
            }
            if error.kind() == ErrorKind::Unsupported {
                if !refused {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "no changes are told: local entries live shortly");
                }
                refused = true;
                self.rest(PAUSE_WHEN_REFUSED).await;
            } else {
                self.rest(jittered(pause)).await;
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }

    /// Follows the changes, and gives a sign of life now and then meanwhile.
    async fn follow(&self) -> Result<std::convert::Infallible, Error> {
        let changes = self.changes.clone();
        let mut following = self.backend.follow(&self.changes.prefix, changes);
        loop {
            tokio::select! {
                ended = &mut following => return ended,
                () = sleep(STALLED / 5) => { self.signs(); }
            }
        }
    }

    async fn rest(&self, mut pause: Duration) {
        while !pause.is_zero() && self.signs() {
            let nap = pause.min(STALLED / 5);
            sleep(nap).await;
            pause -= nap;
        }
    }

    /// Gives a sign of life; answers whether this is still the task that keeps the feed.
    fn signs(&self) -> bool {
        match &mut *self.task.lock() {
            Some(task) if task.number == self.changes.number => {
                task.sign = Instant::now();
                true
            }
            _ => false,
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.changes.ended();
        let mut task = self.task.lock();
        if task.as_ref().is_some_and(|task| task.number == self.changes.number) {
            *task = None;
        }
    }
}
