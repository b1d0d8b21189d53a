//! What the call does whose turn it is: claim, load, fill, commit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::wait::Wait;
use super::{Call, Loading, Way};
use crate::clock::Clock;
use crate::entry::Entry;
use crate::entry_ref::{EntryRef, Kept, Loaded, Locally, Opened, ReadBack};
use crate::error::Result;
use crate::flight::{Flight, Outcome, Permit, Resumed, Ticket};
use crate::invalidation;
use crate::life::{Life, Span, State};
use crate::nesting;
use crate::policy::Policy;
use crate::remote::cell::{Cell, new_lease};
use crate::remote::claim::{Claim, Stands, Visit};
use crate::remote::feed::Trust;
use crate::remote::lease::Lease;
use crate::remote::tier::Tier;
use crate::returns::{Kind, Shape};
use crate::stats::Event;

/// What a read makes of a value that the remote tier held.
enum Accepted<T> {
    /// It is a hit. The entry is for those who wait.
    Hit(T, Option<Arc<Entry>>),
    /// It can be served while another one is loaded.
    AtHand(Arc<Entry>),
    Nothing,
}

/// A visit to the remote cell.
struct Sight<'a, T> {
    visit: Visit<'a>,
    /// What was there, if it looked.
    cell: Cell,
    accepted: Accepted<T>,
}

/// When a load began.
#[derive(Clone, Copy)]
struct Began {
    wall: u64,
    micros: u64,
}

impl Began {
    fn now(clock: &Clock) -> Self {
        Self { wall: clock.wall(), micros: clock.micros() }
    }
}

/// How far the clocks by which one value's end is told may be apart, in milliseconds.
const SLACK: u64 = 20;

impl Loading {
    /// What a value is to this load. If it is to replace one, that one is past due however chance
    /// would have it now, and a value that others have filled meanwhile ends later.
    fn state(&self, span: Span, now: u64, policy: Policy) -> State {
        match self.early {
            None => span.state(now, policy),
            Some(early) if span.soft > now.saturating_add(early).saturating_add(SLACK) => {
                State::Fresh
            }
            Some(_) => State::Due,
        }
    }
}

/// How often to look again at a cell that changed while it was looked at.
const LOOKS: u32 = 8;

impl<S: Shape> Call<S> {
    /// Looks in the remote tier, on behalf of all that wait. `None` where another flight of the
    /// key goes on in place of this one.
    ///
    /// A value that is there is taken before anything is made that only a load needs.
    #[allow(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
    pub(super) fn look<'a>(
        &'a self,
        mut turn: Loading,
        flight: &'a Arc<Flight>,
    ) -> impl Future<Output = Option<Way<S::Return>>> + use<'a, S> {
        async move {
            if turn.ticket.is_barred() {
                flight.saw(None, None);
                turn.claim = Claim::Barred;
                return Some(Way::Load(Box::new(turn)));
            }
            let Some(tier) = self.entry.cache.remote(self.entry.policy) else {
                return Some(Way::Load(Box::new(turn)));
            };
            match self.sight(tier, &mut turn).await {
                Ok(Sight { accepted: Accepted::Hit(returned, entry), .. }) => {
                    Some(self.serve(turn, returned, entry))
                }
                sight => Box::pin(self.look_on(tier, turn, flight, sight)).await,
            }
        }
    }

    /// Goes on from the first sight of the cell, until it is known who loads.
    async fn look_on(
        &self,
        tier: &Arc<Tier>,
        mut turn: Loading,
        flight: &Arc<Flight>,
        sight: Result<Sight<'_, S::Return>>,
    ) -> Option<Way<S::Return>> {
        let mut first = Some(sight);
        let mut seen = turn.claim.cell().cloned();
        let mut at_hand;
        let mut looks = LOOKS;
        let mut wait = Wait::new(self.patience_for_lease(&turn.permit));
        loop {
            let sight = match first.take() {
                Some(sight) => sight,
                None => self.sight(tier, &mut turn).await,
            };
            let (claim, accepted) = self.claim(sight, &mut turn, flight, &mut seen).await;
            turn.claim = claim;
            at_hand = match accepted {
                Accepted::Hit(returned, entry) => return Some(self.serve(turn, returned, entry)),
                Accepted::AtHand(entry) => Some(entry),
                Accepted::Nothing => None,
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
            match turn.ticket.resume(other, turn.trust.since, at_hand.as_ref()) {
                None => {}
                Some(Resumed::Joinable | Resumed::Landed(Outcome::Merged)) => {
                    turn.permit.land(Outcome::Merged);
                    return None;
                }
                Some(Resumed::Landed(outcome)) => {
                    turn.permit.land(outcome.clone());
                    turn.ticket.detach();
                    return Some(self.landed(&outcome));
                }
            }
            if !fill.is_leased_elsewhere() || wait.is_over() {
                break;
            }
            wait.count(|| self.count(Event::LeaseWait));
            wait.pause(&turn).await;
            self.renew_turn(&mut turn);
        }
        Some(match at_hand {
            Some(entry) => self.take_or_replace(turn, flight, entry),
            None => Way::Load(Box::new(turn)),
        })
    }

    /// Loads, stores what was loaded, and lets those who wait have it.
    pub(super) async fn run<F>(self, turn: Loading, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        let Loading { ticket, permit, mut claim, trust, early } = turn;
        if early.is_none() {
            self.count(Event::Miss);
        }
        let began = Began::now(self.entry.cache.clock());
        let returned = self.call_body(&mut claim, body).await;
        let Some(value) = S::Kind::stored(&returned) else {
            self.fail(&ticket, permit, &returned);
            return returned;
        };
        let life = self.life(value, began);
        let entry = Entry::new(value.cloned(), self.version());
        permit.land(Outcome::Loaded(entry.clone()));
        let loaded = Loaded { value, began: began.wall, trust, life };
        if !self.fill(&ticket, claim, &loaded, entry).await && life.ttl > 0 {
            self.count(Event::Discarded);
        }
        if life.ttl == 0 && early.is_some() && ticket.is_valid() {
            // The source has answered, with what is not to be stored: the value at hand is outdated.
            // What can't be told is owed.
            let _ = invalidation::invalidate(&self.entry.cache, &self.entry.key).await;
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
        let span = self.entry.span(loaded.life);
        let is_kept = match kept.locally(read_back, loaded.trust) {
            Locally::Now(trust) => ticket.commit(|| self.keep(&entry, span, trust)),
            Locally::OnceTold(read_back, prefix) => {
                read_back.start(entry, prefix, span);
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
        let mut claim = match cache.remote(self.entry.policy) {
            Some(tier) => tier.claim_to_write(&self.entry.key, self.entry.policy).await,
            None => Claim::Alone,
        };
        let began = Began::now(cache.clock());
        let returned = self.call_body(&mut claim, body).await;
        let Some(value) = S::Kind::stored(&returned) else {
            self.count(Event::LoadError);
            return returned;
        };
        let life = self.life(value, began);
        let loaded = Loaded { value, began: began.wall, trust, life };
        match self.entry.replace(&ticket, claim, &loaded).await {
            Err(_) => self.count(Event::RemoteError),
            Ok(false) if life.ttl > 0 => self.count(Event::Discarded),
            Ok(_) => {}
        }
        returned
    }

    /// How long `value` lives, the load of which has just ended.
    fn life(&self, value: Option<&S::Value>, began: Began) -> Life {
        if !self.settings.stores(value) {
            return Life::default();
        }
        let EntryRef { cache, policy, ttl_of, .. } = &self.entry;
        let cost = cache.clock().micros().saturating_sub(began.micros);
        let life = cache.life(*policy, value, *ttl_of);
        Life { cost: u32::try_from(cost).unwrap_or(u32::MAX), ..life }
    }

    /// Begins a visit to the cell, and looks at it where a value is likely to be there.
    async fn sight<'t>(
        &self,
        tier: &'t Arc<Tier>,
        turn: &mut Loading,
    ) -> Result<Sight<'t, S::Return>> {
        let mut visit = tier.visit(&self.entry.key, self.entry.policy)?;
        let expects_hit = turn.early.is_some() || self.counters().remote().expects_hit();
        let cell = if expects_hit { visit.look().await? } else { Cell::Absent };
        let accepted = match &cell {
            Cell::Value(cell) => self.accept(turn, cell),
            _ => Accepted::Nothing,
        };
        Ok(Sight { visit, cell, accepted })
    }

    /// What may be done, after this sight of the cell, with a value that is loaded. Where there was
    /// nothing to see, it takes the lease, unless it finds something then.
    async fn claim(
        &self,
        sight: Result<Sight<'_, S::Return>>,
        turn: &mut Loading,
        flight: &Flight,
        seen: &mut Option<Bytes>,
    ) -> (Claim, Accepted<S::Return>) {
        let (claim, accepted) = match sight {
            Ok(Sight { mut visit, cell: Cell::Absent, .. }) => {
                let lease = new_lease();
                // Before it can be seen there.
                flight.saw(seen.as_ref(), Some(lease.clone()));
                *seen = Some(lease.clone());
                let stands = visit.take(lease).await;
                if let Ok(Stands::Mine(_)) = stands {
                    self.counters().remote().note(false);
                }
                let accepted = match &stands {
                    Ok(Stands::Cell(Cell::Value(cell))) => self.accept(turn, cell),
                    _ => Accepted::Nothing,
                };
                (visit.claim(stands), accepted)
            }
            Ok(Sight { visit, cell, accepted }) => (visit.claim(Ok(Stands::Cell(cell))), accepted),
            Err(error) => (Claim::Unreachable(error), Accepted::Nothing),
        };
        if let Claim::Unreachable(_) = claim {
            self.count(Event::RemoteError);
        }
        (claim, accepted)
    }

    /// Begins anew: nothing was looked at yet.
    fn renew_turn(&self, turn: &mut Loading) {
        turn.trust = self.entry.cache.trust(self.entry.policy);
        turn.ticket.renew(turn.trust.since);
    }

    /// How long to wait for somebody else's load.
    fn patience_for_lease(&self, permit: &Permit) -> Duration {
        // Of a crowd, all load: waiting for each other's leases they would do so one by one.
        let waits = self.entry.policy.waits_for_lease() && !permit.is_one_of_many();
        if waits { self.entry.cache.max_load() } else { Duration::ZERO }
    }

    /// Takes a value of the remote tier over into the local one. The entry is for those who wait;
    /// where nobody does and there is no local tier, there is none.
    fn accept(&self, turn: &mut Loading, cell: &Bytes) -> Accepted<S::Return> {
        let cache = &self.entry.cache;
        let Some(Opened { value, span }) = self.entry.open(cell) else {
            self.count(Event::RemoteError);
            return Accepted::Nothing;
        };
        let state = turn.state(span, cache.clock().now(), self.entry.policy);
        if state == State::Expired || !S::Kind::accepts(&value) {
            return Accepted::Nothing;
        }
        if state != State::Fresh {
            let entry = Entry::new(value, self.version());
            entry.live(turn.trust.stamp, span);
            // Where one is being replaced already, that one bears the right to try.
            if turn.early.is_none() {
                turn.ticket.commit_meanwhile(|| self.keep(&entry, span, turn.trust));
            }
            return Accepted::AtHand(entry);
        }
        if !cache.has_local() && turn.ticket.leave_alone() {
            let returned = S::Kind::returned(value);
            return returned.map_or(Accepted::Nothing, |returned| Accepted::Hit(returned, None));
        }
        let entry = Entry::new(value, self.version());
        turn.ticket.commit(|| self.keep(&entry, span, turn.trust));
        match self.returned(&entry) {
            Some(returned) => Accepted::Hit(returned, Some(entry)),
            None => Accepted::Nothing,
        }
    }

    /// Lets all that wait have what the remote tier held.
    pub(super) fn serve(
        &self,
        turn: Loading,
        returned: S::Return,
        entry: Option<Arc<Entry>>,
    ) -> Way<S::Return> {
        if turn.early.is_none() {
            let now = self.entry.cache.clock().now();
            self.counters().found(entry.as_ref().is_some_and(|entry| entry.soft() <= now));
        }
        self.count(Event::RemoteHit);
        self.counters().remote().note(true);
        if let Some(entry) = entry {
            turn.permit.land(Outcome::Found(entry));
            turn.ticket.detach();
        }
        Way::Served(returned)
    }

    /// Stores the entry in the local tier. Called under the ticket's lock alone.
    fn keep(&self, entry: &Arc<Entry>, span: Span, trust: Trust) {
        self.entry.cache.store(&self.entry.key, entry, span, trust);
    }

    /// Goes past the cache, though not past what waits in the journal.
    pub(super) async fn pass<F: Future<Output = S::Return>>(self, body: F) -> S::Return {
        match self.pending(true).await {
            Ok(Some(returned)) => returned,
            Ok(None) | Err(_) => body.await,
        }
    }

    /// What was written and waits in the journal.
    pub(super) async fn pending(&self, is_reached: bool) -> Result<Option<S::Return>> {
        let value = self.entry.pending(is_reached).await?;
        Ok(value.and_then(|value| S::Kind::returned(Some(value))))
    }

    /// What was written and waits in the journal, else what the body answers.
    async fn call_body<F>(&self, claim: &mut Claim, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        let is_reached = !matches!(claim, Claim::Unreachable(_));
        match self.pending(is_reached).await {
            Ok(Some(returned)) => return returned,
            Ok(None) => {}
            // What the source holds may be older than what waits.
            Err(_) => {
                self.count(Event::RemoteError);
                *claim = Claim::Barred;
            }
        }
        self.count(Event::Load);
        let key = self.entry.key.clone();
        let load = nesting::loading(self.entry.cache.address(), key, self.flight_id(), body);
        let lease = match claim {
            Claim::Fill(fill) => fill.lease(),
            _ => None,
        };
        Lease::keep_while(lease, load, self.entry.cache.max_load()).await
    }

    /// Lets those who wait have the error, or load for themselves. Those who come later have it while
    /// it is remembered.
    fn fail(&self, ticket: &Ticket, permit: Permit, returned: &S::Return) {
        self.count(Event::LoadError);
        if let Some(failure) = S::share(returned) {
            if let Some(ttl) = self.settings.err_ttl() {
                let EntryRef { cache, policy, key, .. } = &self.entry;
                let failure = failure.clone();
                ticket.commit_regardless(|| cache.remember(key, *policy, failure, ttl));
            }
            ticket.detach();
            permit.land(Outcome::Failed(failure));
        } else {
            permit.give_up();
        }
    }
}
