//! What an entry exchanges with the remote tier, and how a value gets into both.

use bytes::Bytes;

use super::EntryRef;
use crate::cache::Standing;
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::Ticket;
use crate::remote::claim::{Claim, Filled};
use crate::remote::envelope::{Envelope, Header};
use crate::remote::fingerprint::fingerprint;

/// A value from the remote tier.
pub(crate) struct Opened<T> {
    pub(crate) value: Option<T>,
    /// How long it has to live, in milliseconds.
    pub(crate) ttl: u64,
}

/// A value on its way into the tiers.
pub(crate) struct Loaded<'a, T> {
    pub(crate) value: Option<&'a T>,
    /// When the load began, by the wall clock.
    pub(crate) began: u64,
    /// How long it has to live, in milliseconds.
    pub(crate) ttl: u64,
}

impl<T: Clone + Send + Sync + 'static> EntryRef<T> {
    fn fingerprint(&self) -> u64 {
        fingerprint::<T>(self.policy.version_or_default())
    }

    /// What `cell` holds, if it is alive and a `T` of this version.
    pub(crate) fn open(&self, cell: &Bytes) -> Option<Opened<T>> {
        let envelope = Envelope::decode(cell, self.fingerprint()).ok()?;
        let ttl = envelope
            .header
            .hard
            .checked_sub(self.cache.clock().wall())?;
        let value = match &envelope.payload {
            Some(payload) => Some(self.codec?.decode(payload).ok()?),
            None => None,
        };
        (ttl > 0).then_some(Opened { value, ttl })
    }

    fn seal(&self, limit: usize, loaded: &Loaded<'_, T>) -> Result<Bytes> {
        let payload = match (loaded.value, self.codec) {
            (None, _) => None,
            (Some(value), Some(codec)) => Some(codec.encode(value, limit)?.into()),
            (Some(_), None) => return Err(Error::new(ErrorKind::Codec, "the value stays local")),
        };
        let wall = self.cache.clock().wall();
        let cost = wall.saturating_sub(loaded.began).saturating_mul(1000);
        let hard = wall.saturating_add(loaded.ttl);
        let mut header = Header::new(loaded.began, hard, self.fingerprint());
        header.cost = u32::try_from(cost).unwrap_or(u32::MAX);
        Envelope { header, payload }.encode()
    }

    /// Fills the remote tier by `claim`. Answers how the local tier may hold the value, if it may.
    pub(crate) async fn fill(&self, claim: Claim, loaded: &Loaded<'_, T>) -> Option<Standing> {
        let fill = match claim {
            Claim::Alone => return Some(Standing::Alone),
            Claim::Barred => return None,
            Claim::Unreachable => return Some(Standing::Disconnected),
            Claim::Fill(fill) => fill,
        };
        let Ok(cell) = self.seal(fill.limit(), loaded) else {
            return Some(Standing::Disconnected);
        };
        match fill.send(cell, loaded.ttl).await {
            Filled::Stored => Some(Standing::Shared),
            Filled::Void => None,
            Filled::Unknown => Some(Standing::Disconnected),
        }
    }

    /// Puts a value in place of whatever is cached. If anything else got into the remote tier
    /// meanwhile, it may be older, and nothing stays.
    ///
    /// Answers whether the value is cached.
    pub(crate) async fn replace(
        &self,
        ticket: &Ticket,
        claim: Claim,
        loaded: &Loaded<'_, T>,
    ) -> Result<bool> {
        let remote = self.cache.remote(self.policy);
        let standing = if loaded.ttl == 0 {
            None
        } else {
            self.fill(claim, loaded).await
        };
        let told = match (standing, remote) {
            (Some(Standing::Alone | Standing::Shared), _) | (_, None) => Ok(()),
            (Some(Standing::Disconnected), Some(tier)) => {
                tier.owe(&self.key);
                Err(Error::new(
                    ErrorKind::Unavailable,
                    "the remote tier could not be told",
                ))
            }
            (None, Some(tier)) => tier.invalidate(&self.key).await,
        };
        let entry = Entry::new(loaded.value.cloned(), self.policy.version_or_default());
        let current = ticket.commit_over(|| match standing {
            Some(standing) => self.cache.store(&self.key, &entry, loaded.ttl, standing),
            None => self.cache.remove(&self.key),
        });
        told.map(|()| current && standing.is_some())
    }
}
