//! A load: its body, and what is done before and after it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::attempt::Attempt;
use super::{Loading, Read, Renewing, Role, Step};
use crate::background::Leave;
use crate::clock::Clock;
use crate::entry::Entry;
use crate::entry_ref::{AnyEntryRef, Kept, Loaded, Locally, Product, ReadBack};
use crate::failure::Failure;
use crate::flight::{Outcome, Permit, Ticket};
use crate::invalidation;
use crate::life::Life;
use crate::nesting::Frame;
use crate::remote::claim::Claim;
use crate::remote::feed::Trust;
use crate::remote::lease::Keeping;
use crate::remote::refresh::Renewal;
use crate::stats::Event;

/// A load that is up to this call.
pub(super) struct Load {
    read: Box<Read>,
    role: Role,
    began: Began,
    /// What the body runs in.
    frame: Option<Arc<Frame>>,
    /// What keeps its leases while the body runs.
    keeping: Vec<Keeping>,
    /// Where it replaces a value that is served meanwhile.
    replaces: Option<Replaces>,
}

/// The right to replace a value, in the fleet and in this process.
pub(super) struct Replaces {
    pub(super) renewal: Option<Renewal>,
    pub(super) attempt: Attempt,
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

/// What a body has brought.
pub(super) enum Brought {
    Value(Product),
    /// An error, as it can be given to others, if it can.
    Error(Option<Failure>),
}

impl Load {
    pub(super) fn new(read: Box<Read>, role: Role) -> Self {
        let began = Began::now(read.entry.cache.clock());
        Self { read, role, began, frame: None, keeping: Vec::new(), replaces: None }
    }

    /// A load that replaces a value which is served meanwhile.
    pub(super) fn replacing(read: Box<Read>, turn: Box<Loading>, replaces: Replaces) -> Self {
        let limit = read.entry.cache.max_load();
        let keeping = replaces.renewal.iter().map(|renewal| renewal.lease().keeping(limit));
        let keeping = keeping.collect();
        Self { keeping, replaces: Some(replaces), ..Self::new(read, Role::Lead(turn)) }
    }

    pub(super) fn entry(&self) -> &AnyEntryRef {
        &self.read.entry
    }

    /// Where it goes on when its caller leaves; nowhere if it is nobody else's.
    pub(super) fn leave(&self) -> Option<Leave> {
        if self.is_stored() { self.read.leave() } else { None }
    }

    /// Whether what it brings is to be stored.
    pub(super) fn is_stored(&self) -> bool {
        !matches!(self.role, Role::Alone)
    }

    /// Answers what waits to be written. Where there is nothing, it is up to the body.
    pub(super) fn begin(&mut self) -> Step<'_, Option<Arc<Entry>>> {
        Box::pin(async move {
            let Self { read, role, frame, keeping, .. } = self;
            let claim = match role {
                // Past the cache, though not past what waits in the journal.
                Role::Alone => return read.entry.pending(true).await.ok().flatten(),
                Role::Renew(renewing) => &mut renewing.claim,
                Role::Lead(turn) => {
                    if turn.early.is_none() {
                        read.count(Event::Miss);
                    }
                    &mut turn.claim
                }
            };
            let is_reached = !matches!(claim, Claim::Unreachable(_));
            match read.entry.pending(is_reached).await {
                Ok(Some(waiting)) => return Some(waiting),
                Ok(None) => {}
                // What the source holds may be older than what waits.
                Err(_) => {
                    read.count(Event::RemoteError);
                    *claim = Claim::Barred;
                }
            }
            read.count(Event::Load);
            let AnyEntryRef { cache, key, .. } = &read.entry;
            *frame = Some(Frame::within_current(cache.address(), key.clone(), read.flight_id()));
            if let Claim::Fill(fill) = claim
                && let Some(lease) = fill.lease()
            {
                keeping.push(lease.keeping(cache.max_load()));
            }
            None
        })
    }

    /// Runs `body`, and keeps the leases meanwhile.
    pub(super) async fn around<B: Future + Unpin>(&mut self, body: &mut B) -> B::Output {
        poll_fn(|context| {
            let mut polled = Poll::Pending;
            self.poll(context, &mut |context| {
                polled = Pin::new(&mut *body).poll(context);
                polled.is_ready()
            });
            polled
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>, body: &mut dyn FnMut(&mut Context<'_>) -> bool) {
        let mut is_over = false;
        match &self.frame {
            Some(frame) => frame.enter(&mut || is_over = body(context)),
            None => is_over = body(context),
        }
        if !is_over {
            for keeping in &mut self.keeping {
                let _ = keeping.as_mut().poll(context);
            }
        }
    }

    /// Stores what the body has brought, and lets those who wait have it.
    pub(super) fn end(self, brought: Brought) -> Step<'static, ()> {
        // What keeps the leases ends here: nobody polls it any more.
        let Self { read, role, began, replaces, .. } = self;
        Box::pin(async move {
            let is_value = matches!(brought, Brought::Value(_));
            match role {
                Role::Alone => {}
                Role::Lead(turn) => read.land(*turn, brought, began).await,
                Role::Renew(renewing) => read.renew(*renewing, brought, began).await,
            }
            if let Some(Replaces { renewal: Some(renewal), attempt }) = replaces
                && !is_value
            {
                // This process tries again no sooner than the fleet: its attempt ends after this.
                renewal.failed(read.entry.cache.refresh_throttle()).await;
                drop(attempt);
            }
        })
    }
}

impl Read {
    async fn land(&self, turn: Loading, brought: Brought, began: Began) {
        let Loading { ticket, permit, claim, trust, early } = turn;
        let product = match brought {
            Brought::Value(product) => product,
            Brought::Error(failure) => return self.fail(&ticket, permit, failure),
        };
        let loaded = self.loaded(product, began, trust);
        let (life, entry) = (loaded.life, loaded.entry.clone());
        permit.land(Outcome::Loaded(entry));
        if !self.fill(&ticket, claim, loaded).await && life.ttl > 0 {
            self.count(Event::Discarded);
        }
        if life.ttl == 0 && early.is_some() && ticket.is_valid() {
            // The source has answered, with what is not to be stored: the value at hand is outdated.
            // What can't be told is owed.
            let _ = invalidation::invalidate(&self.entry.cache, &self.entry.key).await;
        }
        ticket.detach();
    }

    async fn renew(&self, renewing: Renewing, brought: Brought, began: Began) {
        let Renewing { ticket, claim, trust } = renewing;
        let Brought::Value(product) = brought else {
            return self.count(Event::LoadError);
        };
        let loaded = self.loaded(product, began, trust);
        let is_wanted = loaded.life.ttl > 0;
        match self.entry.replace(&ticket, claim, loaded).await {
            Err(_) => self.count(Event::RemoteError),
            Ok(false) if is_wanted => self.count(Event::Discarded),
            Ok(_) => {}
        }
    }

    /// What has just been loaded.
    fn loaded(&self, product: Product, began: Began, trust: Trust) -> Loaded {
        let Product { entry, life } = product;
        let cost = self.entry.cache.clock().micros().saturating_sub(began.micros);
        let life = Life { cost: u32::try_from(cost).unwrap_or(u32::MAX), ..life };
        Loaded { entry, began: began.wall, trust, life }
    }

    /// Fills both tiers, unless something came between. Answers whether nothing did.
    async fn fill(&self, ticket: &Ticket, claim: Claim, loaded: Loaded) -> bool {
        let read_back = ReadBack::of(&self.entry);
        let had_claim = matches!(claim, Claim::Fill(_));
        let kept = self.entry.fill(claim, &loaded).await;
        if had_claim && matches!(kept, Kept::Unknown(_)) {
            self.count(Event::RemoteError);
        }
        let is_shared = matches!(kept, Kept::Shared(_));
        let span = self.entry.span(loaded.life);
        let is_kept = match kept.locally(read_back, loaded.trust) {
            Locally::Now(trust) => ticket.commit(|| self.keep(&loaded.entry, span, trust)),
            Locally::OnceTold(read_back, prefix) => {
                read_back.start(loaded.entry, prefix, span);
                true
            }
            Locally::Nowhere => false,
        };
        if is_shared { ticket.is_valid() } else { is_kept }
    }

    /// Lets those who wait have the error, or load for themselves. Those who come later have it while
    /// it is remembered.
    fn fail(&self, ticket: &Ticket, permit: Permit, failure: Option<Failure>) {
        self.count(Event::LoadError);
        let Some(failure) = failure else {
            return permit.give_up();
        };
        if let Some(ttl) = self.err_ttl {
            let AnyEntryRef { cache, policy, key, .. } = &self.entry;
            let failure = failure.clone();
            ticket.commit_regardless(|| cache.remember(key, *policy, failure, ttl));
        }
        ticket.detach();
        permit.land(Outcome::Failed(failure));
    }
}
