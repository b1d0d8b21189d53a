//! Asking the remote tier for a value, or for the right to fill it.

use std::future::Future;
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
    /// It may fill the cell, if nothing comes between. On the heap: hits do without.
    Fill(Box<Fill>),
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
    pub(crate) async fn send(mut self: Box<Self>, cell: Bytes, ttl: u64) -> Filled {
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

/// One visit to a cell: all that is asked of it has one budget.
pub(crate) struct Visit<'a> {
    tier: &'a Arc<Tier>,
    name: String,
    life: Duration,
    budget: Budget,
}

/// What a visit found.
pub(crate) enum Stands {
    /// What is there.
    Cell(Cell),
    /// A lease of its own, which it has put there.
    Mine(Lease),
}

impl Visit<'_> {
    /// Looks at the cell. What it answers, [`Cell::answered`] tells.
    pub(crate) fn look(&mut self) -> impl Future<Output = Result<Option<Bytes>>> {
        self.tier.call(&mut self.budget, self.tier.backend.get(&self.name))
    }

    /// Puts the lease `token` where there is nothing, or sees what stands there.
    pub(crate) async fn take(&mut self, token: Bytes) -> Result<Stands> {
        let lease = Lease::new(self.tier, &self.name, token, self.life);
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
                match Cell::answered(self.look().await)? {
                    Cell::Absent => Err(error),
                    cell => Ok(Stands::Cell(cell)),
                }
            }
            // The command may still run: the lease is given back behind it.
            Err(error) => Err(error),
        }
    }

    fn fill(self, expected: Bytes, lease: Option<Lease>) -> Claim {
        let Self { tier, name, budget, .. } = self;
        Claim::Fill(Box::new(Fill { tier: tier.clone(), name, expected, lease, budget }))
    }

    /// The right to fill over what was found.
    pub(crate) fn claim(self, found: Result<Stands>) -> Claim {
        match found {
            Ok(Stands::Mine(lease)) => self.fill(lease.token(), Some(lease)),
            Ok(Stands::Cell(cell)) => match (cell.prefix(), cell) {
                (Some(prefix), _) => self.fill(prefix, None),
                (None, Cell::Barrier) => Claim::Barred,
                (None, _) => Claim::Unreachable(foreign()),
            },
            Err(error) => Claim::Unreachable(error),
        }
    }
}

impl Tier {
    /// Begins a visit to the cell of `key`, for a read or a write by `policy`.
    ///
    /// # Errors
    ///
    /// When the cell may neither be read nor filled: an invalidation is owed.
    pub(crate) fn visit(self: &Arc<Self>, key: &Key, policy: Policy) -> Result<Visit<'_>> {
        if self.owes(key) {
            return Err(owed());
        }
        let life = policy.lease_or(self.limits.lease);
        Ok(Visit { tier: self, name: self.name(key), life, budget: self.budget() })
    }

    /// The right to replace whatever stands under `key`.
    pub(crate) async fn claim_to_write(self: &Arc<Self>, key: &Key, policy: Policy) -> Claim {
        match self.visit(key, policy) {
            Ok(mut visit) => {
                let found = visit.take(new_lease()).await;
                visit.claim(found)
            }
            Err(error) => Claim::Unreachable(error),
        }
    }
}
