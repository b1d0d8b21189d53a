//! The shortest way to a value that the remote tier holds.
//!
//! What is kept needs a ticket, and those who wait need a flight. A caller of a cache without a local tier
//! who is alone in asking needs neither: a value that it is given stood in the cell after the call began,
//! and goes nowhere else. If there is none, it goes the way of all, and begins with what it has learned.

use std::sync::Arc;

use super::{Read, Way};
use crate::boxed::boxed;
use crate::entry::Entry;
use crate::entry_ref::Opened;
use crate::error::Result;
use crate::life::State;
use crate::remote::tier::{Budget, Tier};

/// A glance at the cell that has brought no value.
pub(super) struct Glanced {
    /// Whether the tier has answered.
    pub(super) answer: Result<()>,
    /// What is left of it.
    pub(super) budget: Budget,
}

impl Read {
    /// The tier, where a glance at the cell is likely to be enough.
    pub(super) fn glances_at(&self) -> Option<&Arc<Tier>> {
        let (cache, policy) = (&self.entry.cache, self.entry.policy);
        let tier = cache.remote(policy)?;
        // Somebody who asks for the same key, or asks at all, is to share the answer. A write that is
        // under way in this process is not to be looked behind, and what may be at hand while it is
        // replaced is a flight's to offer.
        let is_enough = !cache.has_local()
            && !policy.replaces()
            && tier.is_idle()
            && self.counters().remote().expects_hit()
            && !cache.flights().have(&self.entry.key);
        is_enough.then_some(tier)
    }

    /// As [`way_of_read`](Self::way_of_read), after a glance at the cell.
    pub(super) async fn way_by_glance(&self, tier: &Arc<Tier>) -> Way {
        match self.glance(tier).await {
            Ok(entry) => self.served_alone(entry),
            Err(glanced) => boxed(|| self.way_of_read(Some(Box::new(glanced)))).await,
        }
    }

    async fn glance(&self, tier: &Arc<Tier>) -> Result<Arc<Entry>, Glanced> {
        let mut budget = tier.budget();
        let reading = tier.reading();
        let answer = tier.read(&self.entry.key, &mut budget).await;
        drop(reading);
        let answer = match answer {
            Ok(cell) => {
                if let Some(entry) = cell.and_then(|cell| self.fresh(&cell)) {
                    return Ok(entry);
                }
                Ok(())
            }
            Err(error) => Err(error),
        };
        Err(Glanced { answer, budget })
    }

    /// The value in `cell`, if it is a hit and no more.
    fn fresh(&self, cell: &bytes::Bytes) -> Option<Arc<Entry>> {
        let Opened { entry, span } = self.entry.open(cell)?;
        let state = span.state(self.entry.cache.clock().now(), self.entry.policy);
        (state == State::Fresh && self.takes(&entry)).then_some(entry)
    }
}
