//! How a value that was filled into the remote tier gets into the local one.
//!
//! The feed tells of our own fill as of any other change, and may tell of it together with an
//! invalidation that followed it. So the local tier is filled with what stands in the remote one
//! after that was told: the value we have, if its cell is still there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::AnyEntryRef;
use crate::background;
use crate::cache::Cache;
use crate::entry::Entry;
use crate::flight::Ticket;
use crate::key::Key;
use crate::life::Span;
use crate::policy::Policy;

/// How often to look again if something else has changed meanwhile. Who reads next fills it too.
const ATTEMPTS: u32 = 4;

/// How long to wait for the feed to tell of the fill.
const LONGEST: Duration = Duration::from_millis(500);

/// A fill that is about to be made, and will be told.
pub(crate) struct ReadBack {
    cache: Cache,
    policy: Policy,
    key: Key,
    watch: Ticket,
}

impl ReadBack {
    /// Begins to watch for the fill of `entry`. `None` where there is no local tier to fill or
    /// nobody tells.
    pub(crate) fn of(entry: &AnyEntryRef) -> Option<Self> {
        let AnyEntryRef { cache, policy, key, .. } = entry;
        let is_told = cache.has_local() && cache.trust(*policy).is_connected();
        is_told.then(|| Self {
            cache: cache.clone(),
            policy: *policy,
            key: key.clone(),
            watch: cache.flights().ticket(key),
        })
    }

    /// Stores `entry` for `span` if its cell, which begins with `prefix`, still stands once its fill
    /// has been told.
    pub(crate) fn start(self, entry: Arc<Entry>, prefix: Bytes, span: Span) {
        background::start(self.run(entry, prefix, span));
    }

    async fn run(mut self, entry: Arc<Entry>, prefix: Bytes, span: Span) {
        for _ in 0..ATTEMPTS {
            if timeout(LONGEST, self.watch.changed()).await.is_err() {
                return;
            }
            let trust = self.cache.trust(self.policy);
            self.watch = self.cache.flights().ticket(&self.key);
            if !trust.is_connected() || !self.stands(&prefix).await {
                return;
            }
            if self.watch.commit(|| self.cache.store(&self.key, &entry, span, trust)) {
                return;
            }
        }
    }

    async fn stands(&self, prefix: &Bytes) -> bool {
        match self.cache.remote(self.policy) {
            Some(tier) => tier.holds(&self.key, prefix.clone()).await.unwrap_or(false),
            None => false,
        }
    }
}
