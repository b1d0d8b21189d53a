//! What the call does whose turn it is: claim, load, fill, commit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Call, Loading, Way};
use crate::cache::Standing;
use crate::entry::Entry;
use crate::entry_ref::{Kept, Loaded, Opened};
use crate::flight::{Outcome, Permit, Ticket};
use crate::nesting;
use crate::remote::claim::{Ask, Claim, Claimed};
use crate::remote::tier::Tier;
use crate::returns::{Kind, Shape};
use crate::stats::Event;

impl<S: Shape> Call<S> {
    /// Looks in the remote tier, on behalf of all that wait.
    pub(super) async fn look(&self, ticket: Ticket, permit: Permit) -> Way<S::Return> {
        if ticket.is_barred() {
            return Way::Load(Loading { ticket, permit, claim: Claim::Barred });
        }
        let Some(tier) = self.entry.cache.remote(self.entry.policy) else {
            return Way::Load(Loading { ticket, permit, claim: Claim::Alone });
        };
        let claim = match Box::pin(self.claim(tier, permit.is_one_of_many())).await {
            Claimed::Value(cell, fill) => match self.accept(&ticket, &cell) {
                Some((returned, entry)) => {
                    self.count(Event::Hit);
                    self.count(Event::RemoteHit);
                    if let Some(entry) = entry {
                        permit.land(Outcome::Found(entry));
                    }
                    return Way::Served(returned);
                }
                None => Claim::Fill(fill),
            },
            Claimed::Nothing(claim) => claim,
        };
        Way::Load(Loading { ticket, permit, claim })
    }

    /// Loads, stores what was loaded, and lets those who wait have it.
    pub(super) async fn run<F>(self, turn: Loading, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        let Loading { ticket, permit, claim } = turn;
        self.count(Event::Miss);
        let began = self.entry.cache.clock().wall();
        let returned = self.call_body(&claim, body).await;
        let Some(value) = S::Kind::stored(&returned) else {
            self.fail(&ticket, permit, &returned);
            return returned;
        };
        let ttl = self.entry.cache.ttl(self.entry.policy, value.is_none());
        let entry = Entry::new(value.cloned(), self.version());
        permit.land(Outcome::Loaded(entry.clone()));
        let loaded = Loaded { value, began, ttl };
        let standing = self.fill(claim, &loaded).await;
        let store = |standing| self.keep(&entry, ttl, standing);
        if !standing.is_some_and(|standing| ticket.commit(|| store(standing))) {
            ticket.detach();
            if ttl > 0 {
                self.count(Event::Discarded);
            }
        }
        returned
    }

    /// Fills the remote tier. Answers how the local tier may hold the value, if it may.
    async fn fill(&self, claim: Claim, loaded: &Loaded<'_, S::Value>) -> Option<Standing> {
        let had_claim = matches!(claim, Claim::Fill(_));
        match self.entry.fill(claim, loaded).await {
            Kept::As(standing) => Some(standing),
            Kept::Nowhere => None,
            Kept::Unknown(_) => {
                if had_claim {
                    self.count(Event::RemoteError);
                }
                Some(Standing::Disconnected)
            }
        }
    }

    /// Loads, and puts the value in place of what is cached.
    pub(super) async fn renew<F: Future<Output = S::Return>>(self, body: F) -> S::Return {
        let cache = &self.entry.cache;
        let ticket = cache.flights().ticket(&self.entry.key);
        let claim = match cache.remote(self.entry.policy) {
            Some(tier) => tier.claim_to_write(&self.entry.key, self.entry.policy).await,
            None => Claim::Alone,
        };
        let began = cache.clock().wall();
        let returned = self.call_body(&claim, body).await;
        let Some(value) = S::Kind::stored(&returned) else {
            self.count(Event::LoadError);
            return returned;
        };
        let ttl = cache.ttl(self.entry.policy, value.is_none());
        let loaded = Loaded { value, began, ttl };
        match self.entry.replace(&ticket, claim, &loaded).await {
            Err(_) => self.count(Event::RemoteError),
            Ok(false) if ttl > 0 => self.count(Event::Discarded),
            Ok(_) => {}
        }
        returned
    }

    /// Asks the remote tier for the value, or for the right to fill it.
    async fn claim(&self, tier: &Arc<Tier>, is_crowd: bool) -> Claimed {
        // Of a crowd, all load: waiting for each other's leases they would do so one by one.
        let waits = self.entry.policy.waits_for_lease() && !is_crowd;
        let patience = if waits { self.entry.cache.max_load() } else { Duration::ZERO };
        let ask = Ask {
            key: &self.entry.key,
            policy: self.entry.policy,
            expects_hit: self.counters().mostly_remote_hits(),
            patience,
        };
        let claimed = tier.claim(ask, || self.count(Event::LeaseWait)).await;
        if let Claimed::Nothing(Claim::Unreachable(_)) = claimed {
            self.count(Event::RemoteError);
        }
        claimed
    }

    /// Takes a value of the remote tier over into the local one. The entry is for those who wait;
    /// where nobody does and there is no local tier, there is none.
    fn accept(&self, ticket: &Ticket, cell: &Bytes) -> Option<(S::Return, Option<Arc<Entry>>)> {
        let Some(Opened { value, ttl }) = self.entry.open(cell) else {
            self.count(Event::RemoteError);
            return None;
        };
        if !S::Kind::accepts(&value) {
            return None;
        }
        if !self.entry.cache.has_local() && ticket.detach_alone() {
            return Some((S::Kind::returned(value)?, None));
        }
        let returned = S::Kind::returned(value.clone())?;
        let entry = Entry::new(value, self.version());
        ticket.commit(|| {
            self.keep(&entry, ttl, Standing::Shared);
        });
        Some((returned, Some(entry)))
    }

    /// Stores the entry in the local tier. Called under the ticket's lock alone.
    fn keep(&self, entry: &Arc<Entry>, ttl: u64, standing: Standing) {
        self.entry.cache.store(&self.entry.key, entry, ttl, standing);
    }

    async fn call_body<F: Future<Output = S::Return>>(&self, claim: &Claim, body: F) -> S::Return {
        self.count(Event::Load);
        let key = self.entry.key.clone();
        let load = nesting::loading(self.entry.cache.address(), key, self.flight_id(), body);
        match claim {
            Claim::Fill(fill) if let Some(lease) = fill.lease() => {
                lease.keep_while(load, self.entry.cache.max_load()).await
            }
            _ => load.await,
        }
    }

    /// Lets those who wait have the error, or load for themselves.
    fn fail(&self, ticket: &Ticket, permit: Permit, returned: &S::Return) {
        self.count(Event::LoadError);
        if let Some(failure) = S::share(returned) {
            ticket.detach();
            permit.land(Outcome::Failed(failure));
        } else {
            permit.give_up();
        }
    }
}
