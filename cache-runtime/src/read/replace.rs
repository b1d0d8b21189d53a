//! Loading a value in place of one that is served meanwhile.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::attempt::Attempt;
use super::load::{Load, Replaces};
use super::settings::Given;
use super::{Call, Loading, Read, Role, Step, Way};
use crate::background::{Boxed, Detached};
use crate::entry::Entry;
use crate::failure::Failure;
use crate::flight::{Flight, Outcome};
use crate::remote::claim::Claim;
use crate::remote::lease::Lease;
use crate::remote::refresh::{Renewal, Right};
use crate::returns::{Kind, Shape};
use crate::stats::Event;

/// What is at hand, and the load that is to replace it.
pub(super) struct Replacing {
    pub(super) at_hand: Arc<Entry>,
    pub(super) is_stale: bool,
    /// Until when it may be served.
    pub(super) end: u64,
    /// How long the caller waits for the load.
    pub(super) patience: Option<Duration>,
    pub(super) load: Replacement,
}

/// The right to load a value in place of one that is served meanwhile.
pub(super) struct Replacement {
    pub(super) turn: Box<Loading>,
    pub(super) attempt: Attempt,
}

/// What has become of a load that is to replace a value, before its body runs.
enum Prepared {
    /// It is up to the body.
    Load(Load),
    /// Another process was faster, or another flight of the key.
    Served(Arc<Entry>),
    /// Another flight of the key was, and ended in an error.
    Failed(Failure),
    /// Nothing is to be loaded now.
    Nothing,
}

impl Replacement {
    /// Does what comes before the body.
    fn prepare(self, read: Box<Read>) -> Step<'static, Prepared> {
        Box::pin(async move {
            let Self { turn, attempt } = self;
            let cache = &read.entry.cache;
            let right = match cache.remote(read.entry.policy) {
                Some(tier) => tier.refresh_right(&read.entry.key, read.entry.policy).await,
                None => Right::Unknown,
            };
            let renewal = match right {
                Right::Ours(renewal) => Some(renewal),
                Right::Unknown => None,
                Right::Elsewhere => {
                    attempt.elsewhere();
                    return Prepared::Nothing;
                }
            };
            let lease = renewal.as_ref().map(Renewal::lease);
            let look = Box::pin(read.look_to_replace(turn));
            let instead = match Lease::keep_while(lease, look, cache.max_load()).await {
                Some(Way::Load(Role::Lead(turn))) => {
                    let replaces = Replaces { renewal, attempt };
                    return Prepared::Load(Load::replacing(read, turn, replaces));
                }
                Some(Way::Served(entry)) => return Prepared::Served(entry),
                Some(Way::Failed(failure)) => Prepared::Failed(failure),
                _ => Prepared::Nothing,
            };
            if let Some(renewal) = renewal {
                renewal.failed(cache.refresh_throttle()).await;
            }
            instead
        })
    }
}

impl Read {
    /// How a load goes on that is to replace a value; `None` also where it may not.
    async fn look_to_replace(&self, turn: Box<Loading>) -> Option<Way> {
        let way = self.look(*turn).await?;
        if let Way::Load(Role::Lead(turn)) = &way {
            let is_reached = match &turn.claim {
                // Nothing can be stored: the next reader after the write loads.
                Claim::Barred => return None,
                claim => !matches!(claim, Claim::Unreachable(_)),
            };
            // What is loaded may be older than what waits in a journal out of reach.
            self.entry.pending(is_reached).await.ok()?;
        }
        Some(way)
    }

    /// Leaves `load` to the runtime, after `patience` for what it brings.
    fn leave_to_runtime<'a>(
        &'a self,
        load: Boxed<()>,
        flight: &'a Flight,
        patience: Option<Duration>,
        is_stale: bool,
    ) -> Step<'a, Option<Arc<Entry>>> {
        Box::pin(async move {
            self.has_at_hand();
            let mut load = Detached::new(self.leave(), load);
            if let Some(patience) = patience
                && timeout(patience, &mut load).await.is_ok()
                && let Some(Outcome::Loaded(entry) | Outcome::Found(entry)) = flight.outcome()
                && self.takes(entry)
            {
                self.count(Event::Miss);
                return Some(entry.clone());
            }
            self.counters().found(is_stale);
            None
        })
    }
}

/// A call that has something at hand, and is to replace it.
pub(super) struct Replacer<S: Shape> {
    pub(super) read: Box<Read>,
    pub(super) given: Given<S>,
    pub(super) replacing: Box<Replacing>,
    pub(super) at_hand: S::Return,
}

impl<S: Shape> Replacer<S> {
    /// Takes what is at hand, after its patience, and leaves the load to the runtime.
    pub(super) async fn there(self, body: Boxed<S::Return>) -> S::Return
    where
        S: 'static,
        S::Return: Send,
    {
        let Self { read, given, replacing, at_hand } = self;
        let Replacing { is_stale, patience, load, .. } = *replacing;
        let (caller, flight) = (read.clone(), load.turn.ticket.flight().clone());
        let load = Box::pin(async move { drop(Self::replace(read, given, load, body).await) });
        let brought = caller.leave_to_runtime(load, &flight, patience, is_stale).await;
        let returned = brought.and_then(|entry| Call::<S>::returned(entry, caller.entry.version()));
        returned.unwrap_or(at_hand)
    }

    /// Loads in place, since it can't be left to the runtime; takes what is at hand if that fails.
    pub(super) async fn here<B>(self, body: B) -> S::Return
    where
        B: Future<Output = S::Return> + Unpin,
    {
        let Self { read, given, replacing, at_hand } = self;
        let Replacing { is_stale, end, load, .. } = *replacing;
        let (site, cache) = (read.site, read.entry.cache.clone());
        let replaced = Self::replace(read, given, load, body).await;
        let is_over = end <= cache.clock().now();
        match replaced {
            Ok(returned) => {
                site.counters(&cache).add(Event::Miss);
                returned
            }
            Err(Some(failed)) if is_over => {
                site.counters(&cache).add(Event::Miss);
                failed
            }
            Err(_) => {
                site.counters(&cache).found(is_stale);
                at_hand
            }
        }
    }

    /// Loads what is to replace a value, and stores it. Where there is no new one, what the function
    /// answered, if it was asked.
    async fn replace<B>(
        read: Box<Read>,
        given: Given<S>,
        load: Replacement,
        body: B,
    ) -> Result<S::Return, Option<S::Return>>
    where
        B: Future<Output = S::Return> + Unpin,
    {
        let version = read.entry.version();
        match load.prepare(read).await {
            Prepared::Load(load) => {
                let returned = Call::<S>::run(load, &given, body).await;
                let is_stored = S::Kind::stored(&returned).is_some();
                if is_stored { Ok(returned) } else { Err(Some(returned)) }
            }
            Prepared::Served(entry) => Call::<S>::returned(entry, version).ok_or(None),
            Prepared::Failed(failure) => Err(S::failed(&failure)),
            Prepared::Nothing => Err(None),
        }
    }
}
