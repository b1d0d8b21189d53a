//! What the call does whose turn it is: claim, load, fill, commit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::wait::Wait;
use super::{Call, Loading, Way};
use crate::entry::Entry;
use crate::entry_ref::{Kept, Loaded, Locally, Opened, ReadBack};
use crate::flight::{Flight, Outcome, Permit, Resumed, Ticket};
use crate::nesting;
use crate::remote::cell::new_lease;
use crate::remote::claim::{Ask, Claim, Claimed};
use crate::remote::feed::Trust;
use crate::remote::tier::Tier;
use crate::returns::{Kind, Shape};
use crate::stats::Event;

/// How often to look again at a cell that changed while it was looked at.
const LOOKS: u32 = 8;

impl<S: Shape> Call<S> {
    /// Looks in the remote tier, on behalf of all that wait. `None` where another flight of the
    /// key goes on in place of this one.
    pub(super) async fn look(&self, mut turn: Loading, flight: &Flight) -> Option<Way<S::Return>> {
        if turn.ticket.is_barred() {
            flight.saw(None, None);
            turn.claim = Claim::Barred;
            return Some(Way::Load(turn));
        }
        let Some(tier) = self.entry.cache.remote(self.entry.policy) else {
            return Some(Way::Load(turn));
        };
        Box::pin(self.look_in(tier, turn, flight)).await
    }

    async fn look_in(
        &self,
        tier: &Arc<Tier>,
        mut turn: Loading,
        flight: &Flight,
    ) -> Option<Way<S::Return>> {
        let mut seen = None;
        let mut looks = LOOKS;
        let mut wait = Wait::new(self.patience(&turn.permit));
        loop {
            let lease = new_lease();
            flight.saw(seen.as_ref(), Some(lease.clone()));
            seen = Some(lease.clone());
            turn.claim = match self.claim(tier, lease).await {
                Claimed::Value(cell, fill) => match self.accept(&turn, &cell) {
                    Some(found) => return Some(self.serve(turn, found)),
                    None => Claim::Fill(fill),
                },
                Claimed::Nothing(claim) => claim,
            };
            flight.saw(seen.as_ref(), turn.claim.cell().cloned());
            seen = turn.claim.cell().cloned();
            let Claim::Fill(fill) = &turn.claim else {
                turn.ticket.unheard();
                break;
            };
            let Some(other) = fill.saw_other() else { break };
            if looks > 0 && turn.ticket.is_outdated() {
                looks -= 1;
                self.renew_turn(&mut turn);
                continue;
            }
            match turn.ticket.resume(other, turn.trust.since) {
                None => {}
                Some(Resumed::Joinable | Resumed::Landed(Outcome::Merged)) => {
                    turn.permit.land(Outcome::Merged);
                    return None;
                }
                Some(Resumed::Landed(outcome)) => {
                    turn.permit.land(outcome.clone());
                    turn.ticket.detach();
                    return Some(self.landed(outcome));
                }
            }
            if !fill.is_leased_elsewhere() || wait.is_over() {
                break;
            }
            wait.count(|| self.count(Event::LeaseWait));
            wait.pause(&turn).await;
            self.renew_turn(&mut turn);
        }
        Some(Way::Load(turn))
    }

    /// Loads, stores what was loaded, and lets those who wait have it.
    pub(super) async fn run<F>(self, turn: Loading, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        let Loading { ticket, permit, claim, trust } = turn;
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
        let loaded = Loaded { value, began, trust, ttl };
        if !self.fill(&ticket, claim, &loaded, entry).await && ttl > 0 {
            self.count(Event::Discarded);
        }
        ticket.detach();
        returned
    }

    /// Fills both tiers, unless something came between. Answers whether nothing did.
    async fn fill(
        &self,
        ticket: &Ticket,
        claim: Claim,
        loaded: &Loaded<'_, S::Value>,
        entry: Arc<Entry>,
    ) -> bool {
        let read_back = ReadBack::of(&self.entry);
        let had_claim = matches!(claim, Claim::Fill(_));
        let kept = self.entry.fill(claim, loaded).await;
        if had_claim && matches!(kept, Kept::Unknown(_)) {
            self.count(Event::RemoteError);
        }
        let is_shared = matches!(kept, Kept::Shared(_));
        let is_kept = match kept.locally(read_back, loaded.trust) {
            Locally::Now(trust) => ticket.commit(|| self.keep(&entry, loaded.ttl, trust)),
            Locally::OnceTold(read_back, prefix) => {
                read_back.start(entry, prefix, loaded.ttl);
                true
            }
            Locally::Nowhere => false,
        };
        if is_shared { ticket.is_valid() } else { is_kept }
    }

    /// Loads, and puts the value in place of what is cached.
    pub(super) async fn renew<F: Future<Output = S::Return>>(self, body: F) -> S::Return {
        let cache = &self.entry.cache;
        let trust = cache.trust(self.entry.policy);
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
        let loaded = Loaded { value, began, trust, ttl };
        match self.entry.replace(&ticket, claim, &loaded).await {
            Err(_) => self.count(Event::RemoteError),
            Ok(false) if ttl > 0 => self.count(Event::Discarded),
            Ok(_) => {}
        }
        returned
    }

    /// Asks the remote tier for the value, or for the right to fill it.
    async fn claim(&self, tier: &Arc<Tier>, lease: Bytes) -> Claimed {
        let ask = Ask {
            key: &self.entry.key,
            policy: self.entry.policy,
            expects_hit: self.counters().mostly_remote_hits(),
            lease,
        };
        let claimed = tier.claim(ask).await;
        if let Claimed::Nothing(Claim::Unreachable(_)) = claimed {
            self.count(Event::RemoteError);
        }
        claimed
    }

    /// Begins anew: nothing was looked at yet.
    fn renew_turn(&self, turn: &mut Loading) {
        turn.trust = self.entry.cache.trust(self.entry.policy);
        turn.ticket.renew(turn.trust.since);
    }

    /// How long to wait for somebody else's load.
    fn patience(&self, permit: &Permit) -> Duration {
        // Of a crowd, all load: waiting for each other's leases they would do so one by one.
        let waits = self.entry.policy.waits_for_lease() && !permit.is_one_of_many();
        if waits { self.entry.cache.max_load() } else { Duration::ZERO }
    }

    /// Takes a value of the remote tier over into the local one. The entry is for those who wait;
    /// where nobody does and there is no local tier, there is none.
    fn accept(&self, turn: &Loading, cell: &Bytes) -> Option<(S::Return, Option<Arc<Entry>>)> {
        let Some(Opened { value, ttl }) = self.entry.open(cell) else {
            self.count(Event::RemoteError);
            return None;
        };
        if !S::Kind::accepts(&value) {
            return None;
        }
        if !self.entry.cache.has_local() && turn.ticket.detach_alone() {
            return Some((S::Kind::returned(value)?, None));
        }
        let returned = S::Kind::returned(value.clone())?;
        let entry = Entry::new(value, self.version());
        turn.ticket.commit(|| self.keep(&entry, ttl, turn.trust));
        Some((returned, Some(entry)))
    }

    /// Lets all that wait have what the remote tier held.
    fn serve(&self, turn: Loading, found: (S::Return, Option<Arc<Entry>>)) -> Way<S::Return> {
        self.count(Event::Hit);
        self.count(Event::RemoteHit);
        let (returned, entry) = found;
        if let Some(entry) = entry {
            turn.permit.land(Outcome::Found(entry));
        }
        turn.ticket.detach();
        Way::Served(returned)
    }

    /// Stores the entry in the local tier. Called under the ticket's lock alone.
    fn keep(&self, entry: &Arc<Entry>, ttl: u64, trust: Trust) {
        self.entry.cache.store(&self.entry.key, entry, ttl, trust);
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
