//! What the local tier holds, and whether that still counts.

use std::sync::Arc;

use super::Cache;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::key::{Key, KeyRef, Words};
use crate::life::{Life, Span, State};
use crate::local::LocalBackend;
use crate::policy::Policy;
use crate::remote::feed::{Stamp, Trust};
use crate::returns::{Kind, Shape};

/// What the local tier holds for a function.
pub(crate) enum Found<T> {
    Nothing,
    /// A hit, and no more is to be asked.
    Fresh(T),
    /// It may be more or less than a hit.
    Due(Arc<Entry>),
}

impl Cache {
    /// What the local tier holds under `key`, for a function of `policy`, fresh or stale.
    pub(crate) fn entry_at(&self, key: KeyRef<'_>, policy: Policy) -> Option<Arc<Entry>> {
        let entry = self.0.local.as_ref()?.get(key)?;
        let now = self.0.clock.now();
        let counts = self.vouches_for(&entry, &policy, now);
        (counts && entry.state(now, policy) != State::Expired).then_some(entry)
    }

    /// Whether what `entry` depends on still counts, for a function of `policy`.
    #[inline]
    fn vouches_for(&self, entry: &Entry, policy: &Policy, now: u64) -> bool {
        // What a `local` function stored, nobody elsewhere invalidates.
        let is_ours = entry.stamp() != Stamp::ALONE || self.0.feed.is_none() || policy.is_local();
        is_ours && self.is_vouched_for(entry, now)
    }

    #[inline]
    pub(crate) fn is_vouched_for(&self, entry: &Entry, now: u64) -> bool {
        let stamp = entry.stamp();
        stamp == Stamp::ALONE
            || self.0.feed.as_ref().is_some_and(|feed| feed.vouches_for(stamp, now))
    }

    /// The entry that this thread has at hand by these words, if it is a hit for a function of `policy`.
    #[allow(clippy::inline_always, reason = "what is known of words and policy decides")]
    #[inline(always)]
    pub(crate) fn recalled(&self, words: &Words, policy: &Policy) -> Option<Arc<Entry>> {
        let entry = self.0.local.as_ref()?.recall(words)?;
        let now = self.0.clock.now();
        (!entry.is_due(now) && self.vouches_for(&entry, policy, now)).then_some(entry)
    }

    /// What the local tier holds under `key`, as the return value of a function, to be at hand by
    /// `words` from now on.
    pub(crate) fn found<S: Shape>(
        &self,
        _: S,
        key: KeyRef<'_>,
        policy: &Policy,
        words: &Words,
    ) -> Found<S::Return> {
        let entry = self.0.local.as_ref().and_then(|local| local.get_and_keep(key, words));
        let Some(entry) = entry else {
            return Found::Nothing;
        };
        let now = self.0.clock.now();
        if !self.vouches_for(&entry, policy, now) {
            return Found::Nothing;
        }
        if entry.is_due(now) {
            return Found::Due(entry);
        }
        let stored = entry.value::<S::Value>(policy.version_or_default());
        match stored.and_then(S::Kind::copied) {
            Some(returned) => Found::Fresh(returned),
            None => Found::Nothing,
        }
    }

    /// The error that is remembered under `key`, of a function of this version.
    pub(crate) fn remembered(&self, key: KeyRef<'_>, version: u32) -> Option<Failure> {
        let entry = self.0.local.as_ref()?.get(key)?;
        let alive = !entry.is_expired(self.0.clock.now());
        entry.failure(version).filter(|_| alive).cloned()
    }

    /// Remembers an error for so many milliseconds, unless there is a value. To be called under
    /// the lock of a ticket.
    pub(crate) fn remember(&self, key: &Key, policy: Policy, failure: Failure, ttl: u64) {
        let Some(local) = &self.0.local else { return };
        if self.entry_at(key.borrowed(), policy).is_some_and(|entry| !entry.is_failure()) {
            return;
        }
        let entry = Entry::failed(failure, policy.version_or_default());
        let life = Life { ttl, ..Life::default() };
        entry.live(Stamp::ALONE, Span::of(life, self.0.clock.now(), Policy::new()));
        local.insert(key, entry);
    }

    /// Stores `entry`, for its span and as long as what it depends on allows.
    pub(crate) fn store(&self, key: &Key, entry: &Arc<Entry>, span: Span, trust: Trust) {
        let settings = &self.0.settings;
        let end = if trust.is_connected() {
            self.0.clock.now().saturating_add(settings.local_ttl)
        } else if trust.is_alone() {
            u64::MAX
        } else {
            trust.since.saturating_add(settings.disconnected_ttl)
        };
        entry.live(trust.stamp, span.ended(end));
        if let Some(local) = &self.0.local {
            local.insert(key, entry.clone());
        }
    }

    pub(crate) fn remove(&self, key: &Key) {
        if let Some(local) = &self.0.local {
            local.remove(key.borrowed());
        }
    }

    /// Removes what is expired from the local tier, as is done now and then by itself.
    pub(crate) fn free_expired(&self) {
        if let Some(tier) = self.any_remote() {
            tier.adopt_stalled();
        }
        if let Some(local) = &self.0.local {
            let now = self.0.clock.now();
            local.sweep(&|entry| entry.is_expired(now) || !self.is_vouched_for(entry, now));
        }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn local_entries(&self) -> u64 {
        self.0.local.as_ref().map_or(0, LocalBackend::len)
    }
}
