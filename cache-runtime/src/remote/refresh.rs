//! Who in the fleet replaces a value that is served meanwhile.
//!
//! The value stands in its cell, where a lease would be in its way. So the right to replace it is a
//! lease on a name beside the namespace, of whose changes nobody is told. Losing it costs a load: the
//! fill itself is decided by compare-and-set, as ever.

use std::sync::Arc;
use std::time::Duration;

use super::cell::new_lease;
use super::lease::Lease;
use super::tier::Tier;
use crate::key::Key;
use crate::policy::Policy;

/// The right to replace a value.
pub(crate) enum Right {
    /// It is ours.
    Ours(Renewal),
    /// Somebody else is at it, or was in vain a short while ago.
    Elsewhere,
    /// Nobody knows.
    Unknown,
}

/// The right to replace a value, held. Dropped, it is given back.
pub(crate) struct Renewal(Lease);

impl Renewal {
    /// What holds it while a load runs.
    pub(crate) fn lease(&self) -> &Lease {
        &self.0
    }

    /// Keeps everybody from trying for a while: there is no new value.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the right to end by itself.
    pub(crate) async fn failed(self, pause: Duration) {
        self.0.end_in(pause).await;
    }
}

impl Tier {
    /// Asks for the right to replace the value under `key`.
    pub(crate) async fn refresh_right(self: &Arc<Self>, key: &Key, policy: Policy) -> Right {
        let name = self.name_beside("refresh", key);
        let life = policy.lease_or(self.limits.lease);
        let lease = Lease::new(self, &name, new_lease(), life);
        let ask = self.backend.get_or_set(&name, lease.token(), life);
        match self.call(&mut self.budget(), ask).await {
            Ok(None) => Right::Ours(Renewal(lease)),
            Ok(Some(cell)) if cell == lease.token() => Right::Ours(Renewal(lease)),
            Ok(Some(_)) => {
                lease.forget();
                Right::Elsewhere
            }
            // The command may still run: the lease is given back behind it.
            Err(_) => Right::Unknown,
        }
    }
}
