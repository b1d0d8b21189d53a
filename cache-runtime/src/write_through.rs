//! Writing through: the source first, then the cache, behind a barrier.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::{self, Cache};
use crate::entry_ref::{AnyEntryRef, EntryRef, Loaded, Product};
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
        Self::entry(EntryRef::shared(cache.clone(), policy, rendered(render)))
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
        let AnyEntryRef { cache, policy, .. } = &entry.any;
        let trust = cache.trust(*policy);
        let began = cache.clock().wall();
        let barrier = Invalidation::on(cache).entry(&entry).around().await;
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
    pub(crate) fn of(&self) -> &AnyEntryRef {
        &self.entry.any
    }

    /// `value`, for the time that it is to live.
    pub(crate) fn product(&self, value: Option<&T>) -> Product {
        self.entry.product(value)
    }

    /// Takes the barrier down. Unless `returned` is an error, and if nobody else wrote meanwhile,
    /// what it holds takes its place.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it finishes even if it is dropped.
    pub async fn settle<K: Kind<Value = T>>(self, kind: K, returned: K::Return) -> K::Return {
        let product = K::stored(&returned).map(|value| self.product(value));
        self.settle_product(kind, returned, product).await
    }

    /// As [`settle`](Self::settle), with `value`.
    pub async fn settle_with<K: Kind>(self, kind: K, returned: K::Return, value: T) -> K::Return {
        let product = K::success(&returned).map(|_| self.product(Some(&value)));
        self.settle_product(kind, returned, product).await
    }

    /// As [`settle`](Self::settle), with `product`, if there is one.
    pub(crate) async fn settle_product<K: Kind>(
        self,
        kind: K,
        returned: K::Return,
        product: Option<Product>,
    ) -> K::Return {
        let Self { entry, barrier, trust, began } = self;
        let filling = product.and_then(|Product { entry: value, life }| {
            entry.any.filling(Loaded { entry: value, began, trust, life })
        });
        barrier.filled(filling).settle(kind, returned).await
    }
}
