//! What the call does first whose turn it is to load: visit the cell in the remote tier.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::wait::Wait;
use super::{Loading, Read, Role, Way};
use crate::entry::Entry;
use crate::entry_ref::{AnyEntryRef, Opened};
use crate::error::Result;
use crate::flight::{Outcome, Permit, Resumed};
use crate::life::{Span, State};
use crate::nesting;
use crate::policy::Policy;
use crate::remote::cell::{Cell, new_lease};
use crate::remote::claim::{Claim, Stands, Visit};
use crate::remote::feed::Trust;
use crate::remote::tier::Tier;
use crate::stats::Event;

/// What a read makes of a value that the remote tier held.
enum Accepted {
    /// It is a hit.
    Hit(Arc<Entry>),
    /// It is a hit, for nobody else, and is to be kept nowhere.
    HitAlone(Arc<Entry>),
    /// It can be served while another one is loaded.
    AtHand(Arc<Entry>),
    Nothing,
}

/// A visit to the remote cell.
struct Sight<'a> {
    visit: Visit<'a>,
    /// What was there, if it looked.
    cell: Cell,
    accepted: Accepted,
}

/// What a call knows that has looked at the cell before.
struct Search {
    /// How often it may still look again at a cell that changed while it was looked at.
    looks: u32,
    wait: Option<Wait>,
}

/// What a look at the cell comes to.
enum Found {
    /// What it holds is to be taken, or a value to be loaded.
    Cell(Accepted),
    /// Another flight of the key goes on in place of this one, or has landed.
    Flight(Resumed),
    /// It changes: it is to be looked at again.
    Change,
}

/// How far the clocks by which one value's end is told may be apart, in milliseconds.
const SLACK: u64 = 20;

/// How often to look again at a cell that changed while it was looked at.
const LOOKS: u32 = 8;

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

impl Read {
    /// Looks in the remote tier, on behalf of all that wait. `None` where another flight of the
    /// key goes on in place of this one.
    ///
    /// A value that is there is taken before anything is made that only a load needs.
    #[allow(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
    pub(super) fn look(&self, mut turn: Loading) -> impl Future<Output = Option<Way>> + Send {
        async move {
            if turn.ticket.is_barred() {
                turn.permit.saw(None);
                // Whether the barrier is up in the remote tier, too, is not known here.
                turn.ticket.unheard();
                turn.claim = Claim::Barred;
                return Some(self.take(turn, Accepted::Nothing));
            }
            let Some(tier) = self.entry.cache.remote(self.entry.policy) else {
                return Some(self.take(turn, Accepted::Nothing));
            };
            let mut search = Search { looks: LOOKS, wait: None };
            loop {
                let found = match self.sight(tier, &mut turn).await {
                    Ok(Sight {
                        accepted: hit @ (Accepted::Hit(_) | Accepted::HitAlone(_)),
                        ..
                    }) => Found::Cell(hit),
                    sight => Box::pin(self.look_on(sight, &mut turn, &mut search)).await,
                };
                return match found {
                    Found::Cell(accepted) => Some(self.take(turn, accepted)),
                    Found::Flight(resumed) => self.give_way(turn, resumed),
                    Found::Change => continue,
                };
            }
        }
    }

    /// Finds out, from a sight of the cell that is no hit, who loads.
    async fn look_on(
        &self,
        sight: Result<Sight<'_>>,
        turn: &mut Loading,
        search: &mut Search,
    ) -> Found {
        let Search { looks, wait } = search;
        let (claim, accepted) = self.claim(sight, turn).await;
        turn.claim = claim;
        let at_hand = match &accepted {
            Accepted::Hit(_) | Accepted::HitAlone(_) => return Found::Cell(accepted),
            Accepted::AtHand(entry) => Some(entry),
            Accepted::Nothing => None,
        };
        turn.permit.saw(turn.claim.cell().cloned());
        let Claim::Fill(fill) = &turn.claim else {
            turn.ticket.unheard();
            return Found::Cell(accepted);
        };
        let Some(other) = fill.saw_other() else {
            return Found::Cell(accepted);
        };
        if *looks > 0 && turn.ticket.is_outdated() {
            *looks -= 1;
            self.renew_turn(turn);
            return Found::Change;
        }
        if let Some(resumed) = turn.ticket.resume(other, turn.trust.since, at_hand) {
            return Found::Flight(resumed);
        }
        let wait = wait.get_or_insert_with(|| Wait::new(self.patience_for_lease(&turn.permit)));
        if !fill.is_leased_elsewhere() || wait.is_over() {
            return Found::Cell(accepted);
        }
        wait.count(|| self.count(Event::LeaseWait));
        wait.pause(turn).await;
        self.renew_turn(turn);
        Found::Change
    }

    /// Goes on with what the cell is found to hold.
    fn take(&self, turn: Loading, accepted: Accepted) -> Way {
        match accepted {
            Accepted::Hit(entry) => self.serve(turn, entry),
            Accepted::HitAlone(entry) => self.serve_alone(turn, entry),
            Accepted::AtHand(entry) => self.take_or_replace(Box::new(turn), entry),
            Accepted::Nothing => Way::Load(Role::Lead(Box::new(turn))),
        }
    }

    /// Ends a flight in whose place another one turns out to go on, or to have landed.
    fn give_way(&self, turn: Loading, resumed: Resumed) -> Option<Way> {
        match resumed {
            Resumed::Joinable | Resumed::Landed(Outcome::Merged) => {
                turn.permit.land(Outcome::Merged);
                None
            }
            Resumed::Landed(outcome) => {
                turn.permit.land(outcome.clone());
                turn.ticket.detach();
                // Who has something at hand counts what it takes.
                let is_alone = turn.early.is_none();
                Some(if is_alone { self.landed(outcome) } else { self.way_to(outcome) })
            }
        }
    }

    /// Begins a visit to the cell, and looks at it where a value is likely to be there.
    async fn sight<'t>(&self, tier: &'t Arc<Tier>, turn: &mut Loading) -> Result<Sight<'t>> {
        let mut visit = tier.visit(&self.entry.key, self.entry.policy)?;
        let expects_hit = turn.early.is_some() || self.counters().remote().expects_hit();
        let cell = if expects_hit { Cell::answered(visit.look().await)? } else { Cell::Absent };
        let accepted = match &cell {
            Cell::Value(cell) => self.accept(turn, cell),
            _ => Accepted::Nothing,
        };
        Ok(Sight { visit, cell, accepted })
    }

    /// What may be done, after this sight of the cell, with a value that is loaded. Where there was
    /// nothing to see, it takes the lease, unless it finds something then.
    async fn claim(&self, sight: Result<Sight<'_>>, turn: &mut Loading) -> (Claim, Accepted) {
        let (claim, accepted) = match sight {
            Ok(Sight { mut visit, cell: Cell::Absent, .. }) => {
                let lease = new_lease();
                // Before it can be seen there.
                turn.permit.saw(Some(lease.clone()));
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
        // Of a crowd, all load: waiting for each other's leases they would do so one by one. And what is
        // called by another load of the key may wait for that one's.
        let AnyEntryRef { cache, key, .. } = &self.entry;
        let waits = self.entry.policy.waits_for_lease()
            && !permit.is_one_of_many()
            && !nesting::is_loading(cache.address(), key, None);
        if waits { self.entry.cache.max_load() } else { Duration::ZERO }
    }

    /// Takes a value of the remote tier over into the local one.
    fn accept(&self, turn: &mut Loading, cell: &Bytes) -> Accepted {
        let cache = &self.entry.cache;
        let Some(Opened { entry, span }) = self.entry.open(cell) else {
            self.count(Event::RemoteError);
            return Accepted::Nothing;
        };
        let state = turn.state(span, cache.clock().now(), self.entry.policy);
        if state == State::Expired || !self.takes(&entry) {
            return Accepted::Nothing;
        }
        if state != State::Fresh {
            entry.live(turn.trust.stamp, span);
            // Where one is being replaced already, that one bears the right to try.
            if turn.early.is_none() {
                turn.ticket.commit_meanwhile(|| self.keep(&entry, span, turn.trust));
            }
            return Accepted::AtHand(entry);
        }
        // What replaces a value is for those who wait with that one.
        if !cache.has_local() && turn.early.is_none() && turn.ticket.leave_alone() {
            return Accepted::HitAlone(entry);
        }
        // Kept or not, it is fresh.
        entry.live(turn.trust.stamp, span);
        turn.ticket.commit(|| self.keep(&entry, span, turn.trust));
        Accepted::Hit(entry)
    }

    /// Lets all that wait have what the remote tier held.
    pub(super) fn serve(&self, turn: Loading, entry: Arc<Entry>) -> Way {
        let counters = self.counters();
        if turn.early.is_none() {
            counters.found(entry.soft() <= self.entry.cache.clock().now());
        }
        counters.found_remotely();
        turn.permit.land(Outcome::Found(entry.clone()));
        turn.ticket.detach();
        Way::Served(entry)
    }

    /// The same, where nobody waits.
    fn serve_alone(&self, turn: Loading, entry: Arc<Entry>) -> Way {
        turn.permit.leave_alone();
        let counters = self.counters();
        counters.found(false);
        counters.found_remotely();
        Way::Served(entry)
    }

    /// Stores the entry in the local tier. Called under the ticket's lock alone.
    pub(super) fn keep(&self, entry: &Arc<Entry>, span: Span, trust: Trust) {
        self.entry.cache.store(&self.entry.key, entry, span, trust);
    }
}
