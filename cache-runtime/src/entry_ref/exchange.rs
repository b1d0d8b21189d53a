//! What an entry exchanges with the remote tier, and how a value gets into both.

use std::sync::Arc;

use bytes::Bytes;

use super::{AnyEntryRef, Filling, ReadBack};
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::Ticket;
use crate::invalidation;
use crate::life::{Life, Span};
use crate::remote::cell::VALUE_PREFIX;
use crate::remote::claim::{Claim, Filled};
use crate::remote::envelope::{Envelope, Header};
use crate::remote::feed::Trust;

/// A value from the remote tier.
pub(crate) struct Opened {
    pub(crate) entry: Arc<Entry>,
    pub(crate) span: Span,
}

/// A value on its way into the tiers.
pub(crate) struct Loaded {
    pub(crate) entry: Arc<Entry>,
    /// When the load began, by the wall clock.
    pub(crate) began: u64,
    /// As it was before the load began.
    pub(crate) trust: Trust,
    pub(crate) life: Life,
}

/// What became of a value on its way into the remote tier.
pub(crate) enum Kept {
    /// There is no remote tier for it.
    Alone,
    /// The remote tier holds it, in a cell that begins so.
    Shared(Bytes),
    /// No tier may hold it: something came between.
    Nowhere,
    /// The remote tier may hold it or not; the local one may, for a while.
    Unknown(Error),
}

/// When the local tier may hold a value.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub(crate) enum Locally {
    Now(Trust),
    /// Once the feed has told of its cell, which begins so.
    OnceTold(ReadBack, Bytes),
    Nowhere,
}

impl AnyEntryRef {
    fn fingerprint(&self) -> u64 {
        self.value.fingerprint(self.version())
    }

    /// What `cell` holds, if it is alive, and a value of this type and version.
    pub(crate) fn open(&self, cell: &Bytes) -> Option<Opened> {
        let Envelope { header, payload } = Envelope::decode(cell, self.fingerprint()).ok()?;
        let clock = self.cache.clock();
        let span = Span::of_stored(&header, clock.wall(), clock.now(), self.policy)?;
        let entry = self.value.decode(payload, self.version()).ok()?;
        Some(Opened { entry, span })
    }

    /// The cell of a value, of at most `limit` bytes.
    pub(crate) fn seal(&self, limit: usize, loaded: &Loaded) -> Result<Bytes> {
        let payload = self.value.encode(&loaded.entry, limit)?;
        let Life { ttl, cost, .. } = loaded.life;
        let wall = self.cache.clock().wall();
        let hard = wall.saturating_add(loaded.life.total());
        let header = Header::new(loaded.began, hard, self.fingerprint());
        let header = Header { soft: wall.saturating_add(ttl), cost, ..header };
        Envelope { header, payload }.encode()
    }

    /// When the state of a value changes that is stored now.
    pub(crate) fn span(&self, life: Life) -> Span {
        Span::of(life, self.cache.clock().now(), self.policy)
    }

    /// A value that was written, to take the place of the barrier around its write; `None` where no
    /// tier may hold it.
    pub(crate) fn filling(&self, loaded: Loaded) -> Option<Filling> {
        let cell = match self.cache.remote(self.policy) {
            Some(tier) => Some(self.seal(tier.value_limit(), &loaded).ok()?),
            None => None,
        };
        let Loaded { entry, life, trust, .. } = loaded;
        let (span, read_back) = (self.span(life), ReadBack::of(self));
        (life.ttl > 0).then(|| Filling { entry, cell, life, span, trust, read_back })
    }

    /// Fills the remote tier by `claim`.
    pub(crate) async fn fill(&self, claim: Claim, loaded: &Loaded) -> Kept {
        if loaded.life.ttl == 0 {
            return Kept::Nowhere;
        }
        let fill = match claim {
            Claim::Alone => return Kept::Alone,
            Claim::Barred => return Kept::Nowhere,
            Claim::Unreachable(error) => return Kept::Unknown(error),
            Claim::Fill(fill) => fill,
        };
        let cell = match self.seal(fill.limit(), loaded) {
            Ok(cell) => cell,
            Err(error) => return Kept::Unknown(error),
        };
        let prefix = cell.slice(..VALUE_PREFIX);
        match fill.send(cell, loaded.life.total()).await {
            Filled::Stored => Kept::Shared(prefix),
            Filled::Void => Kept::Nowhere,
            Filled::Unknown(error) => Kept::Unknown(error),
        }
    }

    /// Puts a value in place of whatever is cached. If anything else got in meanwhile, it may be
    /// older, and nothing stays.
    ///
    /// Answers whether the value is cached.
    pub(crate) async fn replace(
        &self,
        ticket: &Ticket,
        claim: Claim,
        loaded: Loaded,
    ) -> Result<bool> {
        let read_back = ReadBack::of(self);
        let kept = self.fill(claim, &loaded).await;
        let span = self.span(loaded.life);
        let entry = loaded.entry;
        let local = kept.locally(read_back, loaded.trust);
        let is_kept = !matches!(local, Locally::Nowhere);
        let told = self.forget_older(kept).await;
        let current = ticket.commit_over(|| match &local {
            Locally::Now(trust) => self.cache.store(&self.key, &entry, span, *trust),
            Locally::OnceTold(..) | Locally::Nowhere => self.cache.remove(&self.key),
        });
        if !current {
            invalidation::invalidate(&self.cache, &self.key).await?;
        } else if let Locally::OnceTold(read_back, prefix) = local {
            read_back.start(entry, prefix, span);
        }
        told.map(|()| current && is_kept)
    }

    /// Sees to it that the remote tier holds no value that is older than what was to be put there.
    async fn forget_older(&self, kept: Kept) -> Result<()> {
        let Some(tier) = self.cache.remote(self.policy) else {
            return Ok(());
        };
        match kept {
            Kept::Alone | Kept::Shared(_) => Ok(()),
            Kept::Nowhere => tier.invalidate(&self.key).await,
            Kept::Unknown(error) => {
                let forgotten = match error.kind() {
                    ErrorKind::Codec => tier.invalidate(&self.key).await,
                    ErrorKind::Foreign => Ok(()),
                    _ => {
                        tier.owe(&self.key);
                        Ok(())
                    }
                };
                forgotten.and(Err(error))
            }
        }
    }
}

impl Kept {
    /// When the local tier may hold the value, if it may.
    pub(crate) fn locally(&self, read_back: Option<ReadBack>, trust: Trust) -> Locally {
        match (self, read_back) {
            (Self::Alone, _) => Locally::Now(trust),
            (Self::Shared(prefix), Some(read_back)) => Locally::OnceTold(read_back, prefix.clone()),
            // Of a key without a cell nothing is told, and others are well: they may invalidate it.
            (Self::Nowhere, _) | (Self::Unknown(_), Some(_)) => Locally::Nowhere,
            (Self::Shared(_), None) | (Self::Unknown(_), _) => Locally::Now(trust.cut_off()),
        }
    }
}
