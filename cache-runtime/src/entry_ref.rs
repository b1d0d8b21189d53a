//! One entry, by its key: what companions of cached functions hand out.

mod exchange;
mod filling;
mod read_back;

use std::fmt;
use std::time::Duration;

use crate::background;
use crate::cache::Cache;
use crate::codec::Codec;
use crate::deferred;
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::invalidation;
use crate::key::Key;
use crate::life::State;
use crate::policy::Policy;
use crate::remote::claim::Claim;

pub(crate) use exchange::{Kept, Loaded, Locally, Opened};
pub(crate) use filling::Filling;
pub(crate) use read_back::ReadBack;

/// The entry of one key, in the cache of the function it was asked of.
///
/// `get_user::entry(&id)` makes one for the function `get_user`.
pub struct EntryRef<T> {
    pub(crate) cache: Cache,
    pub(crate) policy: Policy,
    pub(crate) key: Key,
    pub(crate) ttl_of: TtlOf<T>,
    codec: Option<Codec<T>>,
}

/// The ttl of a value, where that depends on the value.
pub(crate) type TtlOf<T> = Option<fn(&T) -> Duration>;

impl<T> EntryRef<T> {
    pub(crate) fn new(cache: Cache, policy: Policy, key: Key, codec: Option<Codec<T>>) -> Self {
        Self { cache, policy, key, ttl_of: None, codec }
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
        &self.key
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
        deferred::invalidate(&self.cache, &self.key).await
    }
}

impl<T: Clone + Send + Sync + 'static> EntryRef<T> {
    /// The cached value, without loading it, stale ones included. `None` also where a function's `None` is cached, and
    /// where the remote tier can't be asked.
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
        let entry = self.clone();
        background::finish(async move { entry.put_in_place(value).await }).await.unwrap_or_else(
            || {
                Err(Error::new(
                    ErrorKind::Unavailable,
                    "the runtime ended before the value was stored",
                ))
            },
        )
    }

    pub(crate) async fn get(&self) -> Result<Option<T>> {
        if let Some(found) = self.found() {
            return Ok(found);
        }
        let Some(remote) = self.cache.remote(self.policy) else {
            return Ok(None);
        };
        let trust = self.cache.trust(self.policy);
        let ticket = self.cache.flights().ticket(&self.key);
        let Some(cell) = remote.read(&self.key).await? else {
            return Ok(None);
        };
        let Some(Opened { value, span }) = self.open(&cell) else {
            return Ok(None);
        };
        if span.state(self.cache.clock().now(), self.policy) == State::Expired {
            return Ok(None);
        }
        let entry = Entry::new(value.clone(), self.policy.version_or_default());
        ticket.commit(|| {
            // What another read has brought meanwhile may be newer.
            if self.cache.entry_at(self.key.borrowed(), self.policy).is_none() {
                self.cache.store(&self.key, &entry, span, trust);
            }
        });
        Ok(value)
    }

    /// What was written and waits in the journal. An error, too, if that is of another type or
    /// version: the source is older than it.
    pub(crate) async fn pending(&self, is_reached: bool) -> Result<Option<T>> {
        let desk = self.cache.desk();
        desk.resume(&self.cache);
        let Some(cell) = desk.read(&self.key, is_reached).await? else {
            return Ok(None);
        };
        let value = self.open(&cell).and_then(|opened| opened.value);
        let unread = || Error::new(ErrorKind::Codec, "what waits is of another type or version");
        value.map(Some).ok_or_else(unread)
    }

    /// What the local tier holds.
    pub(crate) fn found(&self) -> Option<Option<T>> {
        let entry = self.cache.entry_at(self.key.borrowed(), self.policy)?;
        entry.value(self.policy.version_or_default()).cloned()
    }

    async fn put_in_place(&self, value: T) -> Result<()> {
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
        let life = self.cache.life(self.policy, Some(&value), self.ttl_of);
        let loaded = Loaded { value: Some(&value), began, trust, life };
        self.replace(&ticket, claim, &loaded).await.map(drop)
    }
}

impl<T> Clone for EntryRef<T> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), key: self.key.clone(), ..*self }
    }
}

impl<T> fmt::Debug for EntryRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryRef").field("key", &self.key).finish_non_exhaustive()
    }
}
