//! A value that takes the place of the barrier around its write.

use std::sync::Arc;

use bytes::Bytes;

use super::{Kept, Locally, ReadBack};
use crate::cache::Cache;
use crate::entry::Entry;
use crate::flight::Barrier;
use crate::key::Key;
use crate::life::{Life, Span};
use crate::remote::feed::Trust;

/// A value that was written, on its way into the tiers.
pub(crate) struct Filling {
    pub(super) entry: Arc<Entry>,
    /// As it stands in the remote tier; `None` where it stays in the local one.
    pub(super) cell: Option<Bytes>,
    pub(super) life: Life,
    pub(super) span: Span,
    /// As it was before the write began.
    pub(super) trust: Trust,
    pub(super) read_back: Option<ReadBack>,
}

impl Filling {
    pub(crate) fn cell(&self) -> Option<(Bytes, u64)> {
        Some((self.cell.clone()?, self.life.total()))
    }

    /// Takes `barrier` down, and stores the value in the local tier if it may be there, where `kept`
    /// has become of it in the remote one.
    pub(crate) fn store(self, cache: &Cache, key: &Key, barrier: Barrier, kept: &Kept) {
        let Self { entry, cell, span, trust, read_back, .. } = self;
        let kept = if cell.is_some() { kept } else { &Kept::Alone };
        match kept.locally(read_back, trust) {
            Locally::Now(trust) => {
                barrier.leave_with(|| cache.store(key, &entry, span, trust));
            }
            Locally::OnceTold(read_back, prefix) => {
                drop(barrier);
                read_back.start(entry, prefix, span);
            }
            Locally::Nowhere => drop(barrier),
        }
    }
}
