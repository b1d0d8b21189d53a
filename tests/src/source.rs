use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

/// A source of one value whose loads can be held at their end.
///
/// Its value is a version, so that a test sees how old what it read is.
#[derive(Clone, Default)]
pub struct Source(Arc<Inner>);

struct Inner {
    version: AtomicU64,
    loads: AtomicU64,
    is_down: AtomicBool,
    running: AtomicU64,
    most: AtomicU64,
    entered: Notify,
    gate: Semaphore,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            version: AtomicU64::new(1),
            loads: AtomicU64::default(),
            is_down: AtomicBool::default(),
            running: AtomicU64::default(),
            most: AtomicU64::default(),
            entered: Notify::new(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

/// Loads wait at their end until it is dropped.
pub struct Held(Source);

/// What a source answers that is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source is down")
    }
}

impl Error for Down {}

impl Source {
    /// A source at version 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the version, and answers it when nothing holds loads any more.
    pub async fn load(&self) -> u64 {
        let _running = Running::begin(&self.0);
        self.read_and_wait().await
    }

    async fn read_and_wait(&self) -> u64 {
        let inner = &self.0;
        let version = inner.version.load(SeqCst);
        inner.loads.fetch_add(1, SeqCst);
        inner.entered.notify_waiters();
        let _open = inner.gate.acquire().await;
        version
    }

    /// As [`load`](Self::load), unless the source is down when it begins.
    ///
    /// # Errors
    ///
    /// If it is down.
    pub async fn try_load(&self) -> Result<u64, Down> {
        let is_down = self.0.is_down.load(SeqCst);
        let version = self.load().await;
        if is_down { Err(Down) } else { Ok(version) }
    }

    /// Lets loads that begin from now on fail.
    pub fn fail(&self) {
        self.0.is_down.store(true, SeqCst);
    }

    /// Lets loads that begin from now on succeed.
    pub fn recover(&self) {
        self.0.is_down.store(false, SeqCst);
    }

    /// As [`load`](Self::load), and takes so long.
    pub async fn load_slowly(&self, time: Duration) -> u64 {
        let _running = Running::begin(&self.0);
        let version = self.read_and_wait().await;
        tokio::time::sleep(time).await;
        version
    }

    /// Writes the next version.
    pub fn update(&self) -> u64 {
        self.0.version.fetch_add(1, SeqCst) + 1
    }

    /// How many loads have begun.
    pub fn loads(&self) -> u64 {
        self.0.loads.load(SeqCst)
    }

    /// How many loads ran at once at most.
    pub fn most_at_once(&self) -> u64 {
        self.0.most.load(SeqCst)
    }

    /// How many loads are running.
    pub fn running(&self) -> u64 {
        self.0.running.load(SeqCst)
    }

    /// Holds loads at their end from now on.
    pub fn hold(&self) -> Held {
        self.0.gate.forget_permits(Semaphore::MAX_PERMITS);
        Held(self.clone())
    }

    /// Waits until so many loads have begun.
    ///
    /// # Panics
    ///
    /// If they don't.
    pub async fn entered(&self, loads: u64) {
        let all = async {
            loop {
                let entered = self.0.entered.notified();
                if self.loads() >= loads {
                    return;
                }
                entered.await;
            }
        };
        let begun = tokio::time::timeout(Duration::from_secs(20), all).await;
        assert!(begun.is_ok(), "{} loads have begun, not {loads}", self.loads());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let gate = &self.0.0.gate;
        gate.add_permits(Semaphore::MAX_PERMITS - gate.available_permits());
    }
}

struct Running<'a>(&'a Inner);

impl<'a> Running<'a> {
    fn begin(inner: &'a Inner) -> Self {
        let running = inner.running.fetch_add(1, SeqCst) + 1;
        inner.most.fetch_max(running, SeqCst);
        Self(inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}
