//! Writing behind: into the cache and a journal now, to the source later.

mod batch;
mod clock;
mod desk;
mod flusher;
mod letter;
mod payload;
mod version;

use std::future::Future;
use std::ptr;
use std::time::Duration;

use serde::Serialize;

pub use self::batch::{Batch, Flushing};
pub(crate) use self::desk::Desk;
use self::desk::Placed;
pub use self::letter::{Dead, Pending};
pub use self::version::Version;
use crate::cache::Cache;
use crate::entry_ref::Product;
use crate::error::{Error, ErrorKind, Result};
use crate::returns::{Kind, Returns};
use crate::write_through::{WriteThrough, Writing};

/// A function that writes behind. Generated code makes one `static` for each.
#[derive(Debug)]
pub struct WriteBehind {
    /// Its path, with the functions it stands in: by it its writes are found again.
    name: fn() -> &'static str,
    flush: fn(Batch) -> Flushing,
    /// Where the attribute names a cache: that.
    cache: Option<fn() -> Cache>,
    batch: usize,
    /// Whether a batch is one call, and not one a write.
    is_together: bool,
    every: Duration,
    room: u64,
    retries: u32,
}

/// Says that a function is there, before anybody has called it.
#[derive(Debug)]
pub struct Registered(pub fn() -> &'static WriteBehind);

inventory::collect!(Registered);

/// Every function of this program that writes behind.
pub(crate) fn registered() -> impl Iterator<Item = &'static WriteBehind> {
    inventory::iter::<Registered>.into_iter().map(|registered| (registered.0)())
}

impl WriteBehind {
    /// A function of this path, whose writes are made by `flush`.
    pub const fn new(name: fn() -> &'static str, flush: fn(Batch) -> Flushing) -> Self {
        let every = Duration::from_secs(1);
        Self {
            name,
            flush,
            cache: None,
            batch: 100,
            is_together: false,
            every,
            room: 10_000,
            retries: 8,
        }
    }

    /// How many writes are made at once, at most.
    pub const fn batch(self, batch: usize) -> Self {
        assert!(batch > 0, "a batch must hold one write at least");
        Self { batch, ..self }
    }

    /// Makes a batch with one call.
    pub const fn together(self) -> Self {
        Self { is_together: true, ..self }
    }

    /// How many writes are claimed at once: what is made one by one is held one by one.
    fn claims(&self) -> usize {
        if self.is_together { self.batch } else { 1 }
    }

    /// After what time a write is made.
    pub const fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// As [`every`](Self::every), in seconds.
    pub const fn every_secs(self, seconds: u64) -> Self {
        self.every(Duration::from_secs(seconds))
    }

    /// As [`every`](Self::every), in milliseconds.
    pub const fn every_millis(self, millis: u64) -> Self {
        self.every(Duration::from_millis(millis))
    }

    /// How many writes may wait.
    pub const fn max_pending(self, room: u64) -> Self {
        Self { room, ..self }
    }

    /// How often a write is tried.
    pub const fn retries(self, retries: u32) -> Self {
        assert!(retries > 0, "a write is tried once at least");
        Self { retries, ..self }
    }

    /// The cache it writes to, where the attribute names one.
    pub const fn on(self, cache: fn() -> Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    fn name(&self) -> &'static str {
        (self.name)()
    }

    /// Makes sure that no other function has its name: each would make the other's writes.
    fn check_name(&'static self) -> Result<()> {
        let name = self.name();
        if registered().all(|other| ptr::eq(other, self) || other.name() != name) {
            return Ok(());
        }
        let reason = format!("two functions that write behind are called `{name}`: rename one");
        Err(Error::new(ErrorKind::Config, reason))
    }

    fn cache(&self) -> Cache {
        self.cache.map_or_else(Cache::current, |cache| cache())
    }

    /// Leaves the write to the journal, where `done` is to be returned then, or hands it back to be
    /// made now.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the barrier up for its hold; the journal may have taken the write.
    pub async fn write<K, T, A>(
        &'static self,
        kind: K,
        done: Option<K::Return>,
        write: WriteThrough<T>,
        value: T,
        arguments: &A,
    ) -> Behind<K, T>
    where
        K: Kind,
        T: Clone + Send + Sync + 'static,
        A: Serialize,
    {
        let writing = write.enter().await;
        let entry = writing.of();
        let cache = entry.cache.clone();
        let product = writing.product(Some(&value));
        let payload = payload::seal(entry, &product.entry, arguments);
        let placed = cache.desk().place(&cache, self, &entry.key, payload).await;
        match (placed, done) {
            (Placed::Taken(_), Some(returned)) => {
                writing.settle_product(Returns::<()>::new().kind(), (), Some(product)).await;
                Behind::Later(returned)
            }
            (placed, _) => {
                Behind::Now(Box::new(Now { function: self, kind, placed, writing, product }))
            }
        }
    }

    /// Makes every write that waits, now.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves what it has begun to others, after the hold of a flush.
    ///
    /// # Errors
    ///
    /// When the journal is out of reach, or a write failed and waits for its next attempt.
    pub async fn flush(&'static self) -> Result<()> {
        let cache = self.cache();
        flusher::flush(&cache, self).await
    }

    /// How many writes wait.
    ///
    /// # Errors
    ///
    /// When the journal is out of reach.
    pub async fn pending(&'static self) -> Result<u64> {
        let cache = self.cache();
        cache.desk().start(&cache, self);
        cache.desk().waiting(self.name()).await
    }

    /// The writes that were given up.
    ///
    /// # Errors
    ///
    /// When the journal is out of reach.
    pub async fn dead(&'static self) -> Result<Vec<Dead>> {
        let cache = self.cache();
        let letters = cache.desk().dead(self.name()).await?;
        Ok(letters.into_iter().map(|letter| Dead::new(&cache, self, letter)).collect())
    }
}

/// What became of a call that returns an `R`.
pub enum Behind<K: Kind, T> {
    /// The write waits: this is to be returned.
    Later(K::Return),
    /// The write is to be made now.
    Now(Box<Now<K, T>>),
}

/// A write that the journal did not take.
pub struct Now<K, T> {
    function: &'static WriteBehind,
    kind: K,
    placed: Placed,
    writing: Writing<T>,
    product: Product,
}

impl<K: Kind, T: Clone + Send + Sync + 'static> Now<K, T> {
    /// Makes the write with `body`, behind the barrier that is up already.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the barrier up for its hold.
    pub async fn run<F: Future<Output = K::Return>>(self: Box<Self>, body: F) -> K::Return {
        let Self { function, kind, placed, writing, product } = *self;
        let sequence = placed.sequence();
        let returned = Version::scope(sequence, Box::pin(body)).await;
        let entry = writing.of();
        let (cache, desk) = (&entry.cache, entry.cache.desk());
        let is_made = K::success(&returned).is_some();
        match placed {
            Placed::Unreached(_) => {
                if is_made {
                    desk.owe(cache, function, &entry.key, sequence);
                }
                desk.pass(sequence).await;
            }
            Placed::Refused(_) if is_made => desk.supersede(cache, &entry.key, sequence).await,
            Placed::Refused(_) | Placed::Taken(_) => {}
        }
        writing.settle_product(kind, returned, is_made.then_some(product)).await
    }
}

/// What a function returns whose write waits.
pub fn done<K: Kind<Value = ()>>(_: K) -> Option<K::Return> {
    K::returned(Some(()))
}

/// `value`, if `flush` takes such values.
pub fn taken_by<T, F, R, E>(value: T, flush: F) -> T
where
    F: Fn(Vec<Pending<T>>) -> R,
    R: Future<Output = std::result::Result<(), E>>,
{
    drop(flush);
    value
}
