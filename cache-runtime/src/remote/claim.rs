//! Asking the remote tier for a value, or for the right to fill it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::cell::{Cell, LEASE_MARK, new_lease};
use super::lease::Lease;
use super::tier::{Budget, Tier};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::policy::Policy;

/// What may be done with a value that is being loaded.
pub(crate) enum Claim {
    /// There is no remote tier for it.
    Alone,
    /// It may fill the cell, if nothing comes between.
    Fill(Fill),
    /// Writes are under way: it may be stored nowhere.
    Barred,
    /// The remote tier is out of reach, or somebody else's data is there.
    Unreachable(Error),
}

impl Claim {
    /// What stood in the cell before the load, if that is certain.
    pub(crate) fn cell(&self) -> Option<&Bytes> {
        match self {
            Self::Fill(fill) => Some(&fill.expected),
            _ => None,
        }
    }
}

/// What the remote tier had for a read.
pub(crate) enum Claimed {
    /// A value in its envelope, and the right to replace it should it be unreadable.
    Value(Bytes, Fill),
    /// Nothing.
    Nothing(Claim),
}

/// What a read asks for.
pub(crate) struct Ask<'a> {
    pub(crate) key: &'a Key,
    pub(crate) policy: Policy,
    /// Whether a value is likely to be there: then it is asked for before a lease is.
    pub(crate) expects_hit: bool,
    /// The lease to take.
    pub(crate) lease: Bytes,
}

/// The right to fill a cell: void once the cell is no longer what was seen.
pub(crate) struct Fill {
    tier: Arc<Tier>,
    name: String,
    /// What the cell must still begin with.
    expected: Bytes,
    /// Ours, if nobody else was loading.
    lease: Option<Lease>,
    budget: Budget,
}

/// How a fill ended.
#[derive(Debug)]
pub(crate) enum Filled {
    /// The remote tier holds the value.
    Stored,
    /// An invalidation or another fill came between.
    Void,
    /// Nobody knows.
    Unknown(Error),
}

impl Fill {
    /// How many bytes a value may take.
    pub(crate) fn limit(&self) -> usize {
        self.tier.limits.value_bytes
    }

    /// What stood in the cell, if that isn't a lease of this very claim.
    pub(crate) fn saw_other(&self) -> Option<&Bytes> {
        self.lease.is_none().then_some(&self.expected)
    }

    /// Whether somebody else is loading the value.
    pub(crate) fn is_leased_elsewhere(&self) -> bool {
        self.saw_other().is_some_and(|cell| cell.starts_with(&LEASE_MARK))
    }

    /// The lease that keeps others waiting for this fill.
    pub(crate) fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// Fills the cell for `ttl` milliseconds.
    pub(crate) async fn send(mut self, cell: Bytes, ttl: u64) -> Filled {
        let ttl = Duration::from_millis(ttl);
        let expected = std::mem::take(&mut self.expected);
        let replace = self.tier.backend.replace(&self.name, expected, cell, ttl);
        let filled = match self.tier.call(&mut self.budget, replace).await {
            Ok(true) => Filled::Stored,
            Ok(false) => Filled::Void,
            Err(error) if error.kind() == ErrorKind::Foreign => Filled::Void,
            Err(error) => Filled::Unknown(error),
        };
        if let Some(lease) = self.lease.take()
            && !matches!(filled, Filled::Unknown(_))
        {
            lease.forget();
        }
        filled
    }
}

fn foreign() -> Error {
    Error::new(ErrorKind::Foreign, "somebody else's data is under the key")
}

fn owed() -> Error {
    Error::new(ErrorKind::Unavailable, "the remote tier has yet to be told of an invalidation")
}

/// One visit to a cell.
struct Visit<'a> {
    tier: &'a Arc<Tier>,
    name: String,
    token: Bytes,
    life: Duration,
    budget: Budget,
}

enum Stands {
    Cell(Cell),
    Mine(Lease),
}

impl Visit<'_> {
    async fn look(&mut self) -> Result<Stands> {
        self.tier.get(&self.name, &mut self.budget).await.map(Stands::Cell)
    }

    /// Takes the lease on the cell, or sees what stands there.
    async fn take(&mut self) -> Result<Stands> {
        let lease = Lease::new(self.tier, &self.name, self.token.clone(), self.life);
        let ask = self.tier.backend.get_or_set(&self.name, lease.token(), self.life);
        match self.tier.call(&mut self.budget, ask).await {
            Ok(None) => Ok(Stands::Mine(lease)),
            Ok(Some(cell)) if cell == lease.token() => Ok(Stands::Mine(lease)),
            Ok(Some(cell)) => {
                lease.forget();
                Ok(Stands::Cell(Cell::parse(Some(cell))))
            }
            Err(error) if error.kind() == ErrorKind::Foreign => {
                lease.forget();
                Ok(Stands::Cell(Cell::Foreign))
            }
            // What is there can still be read.
            Err(error) if error.kind() == ErrorKind::Full => {
                lease.forget();
                match self.look().await? {
                    Stands::Cell(Cell::Absent) => Err(error),
                    stands => Ok(stands),
                }
            }
            // The command may still run: the lease is given back behind it.
            Err(error) => Err(error),
        }
    }

    fn fill(self, expected: Bytes, lease: Option<Lease>) -> Fill {
        let Self { tier, name, budget, .. } = self;
        Fill { tier: tier.clone(), name, expected, lease, budget }
    }

    fn claimed(self, stands: Stands) -> Claimed {
        Claimed::Nothing(match stands {
            Stands::Mine(lease) => Claim::Fill(self.fill(lease.token(), Some(lease))),
            Stands::Cell(cell) => match (cell.prefix(), cell) {
                (Some(prefix), Cell::Value(value)) => {
                    return Claimed::Value(value, self.fill(prefix, None));
                }
                (Some(prefix), _) => Claim::Fill(self.fill(prefix, None)),
                (None, Cell::Barrier) => Claim::Barred,
                (None, _) => Claim::Unreachable(foreign()),
            },
        })
    }
}

impl Tier {
    fn visit(self: &Arc<Self>, key: &Key, policy: Policy, token: Bytes) -> Option<Visit<'_>> {
        if self.owes(key) {
            return None;
        }
        let life = policy.lease_or(self.limits.lease);
        Some(Visit { tier: self, name: self.name(key), token, life, budget: self.budget() })
    }

    /// The value under a key, or the right to fill it.
    pub(crate) async fn claim(self: &Arc<Self>, ask: Ask<'_>) -> Claimed {
        let Some(mut visit) = self.visit(ask.key, ask.policy, ask.lease) else {
            return Claimed::Nothing(Claim::Unreachable(owed()));
        };
        let mut stands = if ask.expects_hit { visit.look().await } else { visit.take().await };
        if let Ok(Stands::Cell(Cell::Absent)) = stands {
            stands = visit.take().await;
        }
        match stands {
            Ok(stands) => visit.claimed(stands),
            Err(error) => Claimed::Nothing(Claim::Unreachable(error)),
        }
    }

    /// The right to replace whatever stands under `key`.
    pub(crate) async fn claim_to_write(self: &Arc<Self>, key: &Key, policy: Policy) -> Claim {
        let Some(mut visit) = self.visit(key, policy, new_lease()) else {
            return Claim::Unreachable(owed());
        };
        match visit.take().await {
            Ok(stands) => match visit.claimed(stands) {
                Claimed::Value(_, fill) => Claim::Fill(fill),
                Claimed::Nothing(claim) => claim,
            },
            Err(error) => Claim::Unreachable(error),
        }
    }
}
