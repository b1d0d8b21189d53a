//! One entry, by its key: what companions of cached functions hand out.

mod exchange;
mod filling;
mod read_back;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::background::{self, Boxed};
use crate::cache::Cache;
use crate::deferred;
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::invalidation;
use crate::key::Key;
use crate::life::{Life, State};
use crate::policy::Policy;
use crate::remote::claim::Claim;
use crate::value_type::ValueType;

pub(crate) use exchange::{Kept, Loaded, Locally, Opened};
pub(crate) use filling::Filling;
pub(crate) use read_back::ReadBack;

/// The entry of one key, in the cache of the function it was asked of.
///
/// `get_user::entry(&id)` makes one for the function `get_user`.
pub struct EntryRef<T> {
    pub(crate) any: AnyEntryRef,
    ttl_of: TtlOf<T>,
}

/// An entry of one key, whatever the type of its value.
#[derive(Clone)]
pub(crate) struct AnyEntryRef {
    pub(crate) cache: Cache,
    pub(crate) policy: Policy,
    pub(crate) key: Key,
    pub(crate) value: &'static ValueType,
}

/// The ttl of a value, where that depends on the value.
pub(crate) type TtlOf<T> = Option<fn(&T) -> Duration>;

/// A value that a load or a write has brought, and how long it is to live.
pub(crate) struct Product {
    pub(crate) entry: Arc<Entry>,
    pub(crate) life: Life,
}

impl<T> EntryRef<T> {
    pub(crate) fn new(any: AnyEntryRef) -> Self {
        Self { any, ttl_of: None }
    }

    /// An entry in both tiers.
    pub(crate) fn shared(cache: Cache, policy: Policy, key: Key) -> Self
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let value = const { &ValueType::shared::<T>() };
        Self::new(AnyEntryRef { cache, policy, key, value })
    }

    /// Lets what [`put`](Self::put) stores live for the time that `ttl` answers for it. Zero:
    /// nothing is stored.
    ///
    /// # Default
    ///
    /// As the function has it.
    pub fn ttl_of(self, ttl: fn(&T) -> Duration) -> Self {
        Self { ttl_of: Some(ttl), ..self }
    }

    /// The key of the entry, without the cache's namespace.
    pub fn key(&self) -> &Key {
        &self.any.key
    }

    /// Makes the cached value count as outdated, in both tiers, for all functions that share the
    /// key. A load that is under way is not stored; who reads from now on begins a new one.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    ///
    /// # Errors
    ///
    /// When the remote tier could not be told. The local tier has been told all the same, this
    /// process does not read the key from the remote tier, and that one is told as soon as it can
    /// be.
    pub async fn invalidate(&self) -> Result<()> {
        deferred::invalidate(&self.any.cache, &self.any.key).await
    }
}

impl<T: Clone + Send + Sync + 'static> EntryRef<T> {
    /// The cached value, without loading it, stale ones included. `None` also where a function's `None`
    /// is cached, and where the remote tier can't be asked.
    ///
    /// # Cancel safety
    ///
    /// Dropping it changes nothing.
    pub async fn peek(&self) -> Option<T> {
        self.get().await.ok().flatten()
    }

    /// Stores `value`, for the ttl of the function. No load that began before replaces it. If an
    /// invalidation or another `put` comes between, nothing is stored, and that is no error.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    ///
    /// # Errors
    ///
    /// When the remote tier does not hold the value: it is out of reach, the value is too large for
    /// it, or somebody else's data is under the key. It holds no older value of ours either then, as
    /// soon as it can be told that. Where the remote tier is out of reach, the local one holds this
    /// value for `disconnected_ttl`.
    pub async fn put(&self, value: T) -> Result<()> {
        let product = self.product(Some(&value));
        self.any.put(product).await
    }

    pub(crate) async fn get(&self) -> Result<Option<T>> {
        let found = self.any.get().await?;
        Ok(found.and_then(|entry| entry.into_value(self.any.version())).flatten())
    }

    /// `value`, for the time that it is to live.
    pub(crate) fn product(&self, value: Option<&T>) -> Product {
        self.any.product(value, self.ttl_of)
    }
}

impl AnyEntryRef {
    pub(crate) fn version(&self) -> u32 {
        self.policy.version_or_default()
    }

    /// `value`, for the time that it is to live.
    pub(crate) fn product<T>(&self, value: Option<&T>, ttl_of: TtlOf<T>) -> Product
    where
        T: Clone + Send + Sync + 'static,
    {
        let ttl = value.zip(ttl_of).map(|(value, ttl_of)| ttl_of(value));
        let life = self.cache.life(self.policy, value.is_some(), ttl);
        Product { entry: Entry::new(value.cloned(), self.version()), life }
    }

    /// What is cached, if anything is.
    async fn get(&self) -> Result<Option<Arc<Entry>>> {
        if let Some(found) = self.found() {
            return Ok(Some(found));
        }
        let Some(remote) = self.cache.remote(self.policy) else {
            return Ok(None);
        };
        let trust = self.cache.trust(self.policy);
        let ticket = self.cache.flights().ticket(&self.key);
        let Some(cell) = remote.read(&self.key).await? else {
            return Ok(None);
        };
        let Some(Opened { entry, span }) = self.open(&cell) else {
            return Ok(None);
        };
        if span.state(self.cache.clock().now(), self.policy) == State::Expired {
            return Ok(None);
        }
        ticket.commit(|| {
            // What another read has brought meanwhile may be newer.
            if self.cache.entry_at(self.key.borrowed(), self.policy).is_none() {
                self.cache.store(&self.key, &entry, span, trust);
            }
        });
        Ok(Some(entry))
    }

    /// What was written and waits in the journal. An error, too, if that is of another type or
    /// version: the source is older than it.
    pub(crate) async fn pending(&self, is_reached: bool) -> Result<Option<Arc<Entry>>> {
        let desk = self.cache.desk();
        desk.resume(&self.cache);
        let Some(cell) = desk.read(&self.key, is_reached).await? else {
            return Ok(None);
        };
        let entry = self.open(&cell).map(|opened| opened.entry).filter(|entry| !entry.is_none());
        let unread = || Error::new(ErrorKind::Codec, "what waits is of another type or version");
        entry.map(Some).ok_or_else(unread)
    }

    /// What the local tier holds.
    fn found(&self) -> Option<Arc<Entry>> {
        let entry = self.cache.entry_at(self.key.borrowed(), self.policy)?;
        entry.is_of(self.value.id(), self.version()).then_some(entry)
    }

    async fn put(&self, product: Product) -> Result<()> {
        let entry = self.clone();
        let put: Boxed<_> = Box::pin(async move { entry.put_in_place(product).await });
        let ended = || {
            let what = "the runtime ended before the value was stored";
            Err(Error::new(ErrorKind::Unavailable, what))
        };
        background::finish(put).await.unwrap_or_else(ended)
    }

    async fn put_in_place(&self, product: Product) -> Result<()> {
        let trust = self.cache.trust(self.policy);
        let ticket = self.cache.flights().ticket(&self.key);
        let began = self.cache.clock().wall();
        let claim = match self.cache.remote(self.policy) {
            Some(tier) => tier.claim_to_write(&self.key, self.policy).await,
            None => Claim::Alone,
        };
        if !ticket.is_valid() {
            // Overtaken while it claimed: what it claimed is newer than what it has.
            return invalidation::invalidate(&self.cache, &self.key).await;
        }
        let Product { entry, life } = product;
        self.replace(&ticket, claim, Loaded { entry, began, trust, life }).await.map(drop)
    }
}

impl<T> Clone for EntryRef<T> {
    fn clone(&self) -> Self {
        Self { any: self.any.clone(), ..*self }
    }
}

impl<T> fmt::Debug for EntryRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryRef").field("key", &self.any.key).finish_non_exhaustive()
    }
}
