//! Writing through: the source first, then the cache, behind a barrier.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::{self, Cache};
use crate::codec::Codec;
use crate::entry_ref::{EntryRef, Filling, Loaded};
use crate::invalidation::Invalidation;
use crate::key::{KeyWriter, rendered};
use crate::policy::Policy;
use crate::remote::feed::Trust;
use crate::returns::Kind;

/// A write that is about to be made, and the entry it is to be found in afterwards.
#[must_use = "the barrier goes up when it is entered"]
pub struct WriteThrough<T> {
    entry: EntryRef<T>,
}

impl<T> WriteThrough<T> {
    /// A write of what `entry` names.
    pub fn entry(entry: EntryRef<T>) -> Self {
        Self { entry }
    }

    /// A write of the key that `render` writes, in the current cache.
    pub fn key<W>(policy: Policy, render: W) -> Self
    where
        T: Clone + Send + Sync + 'static,
        T: Serialize + DeserializeOwned, // what is written is kept in Redis too
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| Self::key_on(cache, policy, render))
    }

    /// A write of the key that `render` writes, in `cache`.
    pub fn key_on<W>(cache: &Cache, policy: Policy, render: W) -> Self
    where
        T: Clone + Send + Sync + 'static,
        T: Serialize + DeserializeOwned, // what is written is kept in Redis too
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        let codec = Some(Codec::message_pack());
        Self::entry(EntryRef::new(cache.clone(), policy, rendered(render), codec))
    }
}

impl<T: Clone + Send + Sync + 'static> WriteThrough<T> {
    /// Puts up the barrier: nothing is cached under the key until the write is settled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes the barrier down again.
    pub async fn enter(self) -> Writing<T> {
        let Self { entry } = self;
        let trust = entry.cache.trust(entry.policy);
        let began = entry.cache.clock().wall();
        let barrier = Invalidation::on(&entry.cache).entry(&entry).around().await;
        Writing { barrier: barrier.always(), entry, trust, began }
    }
}

/// A write under way, behind its barrier. Dropped, the barrier stays for its hold: the write may
/// still come through.
#[must_use = "the barrier comes down when it is settled"]
pub struct Writing<T> {
    entry: EntryRef<T>,
    barrier: Invalidation,
    /// As it was before the write began.
    trust: Trust,
    began: u64,
}

impl<T: Clone + Send + Sync + 'static> Writing<T> {
    /// The entry that is written.
    pub(crate) fn of(&self) -> &EntryRef<T> {
        &self.entry
    }

    /// Takes the barrier down. Unless `returned` is an error, and if nobody else wrote meanwhile,
    /// what it holds takes its place.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    pub async fn settle<K: Kind<Value = T>>(self, kind: K, returned: K::Return) -> K::Return {
        let filling = K::stored(&returned).and_then(|value| self.filling(value));
        self.barrier.filled(filling).settle(kind, returned).await
    }

    /// As [`settle`](Self::settle), with `value`.
    pub async fn settle_with<K: Kind>(self, kind: K, returned: K::Return, value: T) -> K::Return {
        let filling = K::success(&returned).and_then(|_| self.filling(Some(&value)));
        self.barrier.filled(filling).settle(kind, returned).await
    }

    fn filling(&self, value: Option<&T>) -> Option<Filling> {
        let Self { entry, trust, began, .. } = self;
        let life = entry.cache.life(entry.policy, value, entry.ttl_of);
        entry.filling(&Loaded { value, began: *began, trust: *trust, life })
    }
}
