//! The one read algorithm: local tier, flight, remote tier, load, fill.
//!
//! It is the same for all types: a [`Read`] goes by [`Entry`]s, and knows of the function what its
//! [`Form`] says. [`Call`] is what a function adds to it: its body, and its types.

mod at_hand;
mod attempt;
mod detached;
mod load;
mod replace;
mod settings;
mod visit;
mod wait;
mod way;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::call_site::Site;
use crate::entry::Entry;
use crate::entry_ref::AnyEntryRef;
use crate::failure::Failure;
use crate::flight::{FlightId, Outcome, Permit, Ticket};
use crate::manner::Manner;
use crate::nesting;
use crate::remote::claim::Claim;
use crate::remote::feed::Trust;
use crate::returns::{Form, Kind, Shape};
use crate::stats::{Event, SiteCounters};

pub(crate) use at_hand::{AtHand, Past};
pub(crate) use attempt::Attempts;
pub use detached::Limited;
use load::{Brought, Load};
use replace::{Replacer, Replacing};
use settings::{Given, Stage, unstored};

/// What is awaited in many places and compiled in one.
type Step<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call that can't be answered with what is in the local tier, or not with that alone.
pub struct Call<S: Shape> {
    read: Box<Read>,
    mode: Mode,
    given: Given<S>,
}

/// A call, whatever it is of.
#[derive(Clone)]
struct Read {
    site: &'static Site,
    form: &'static Form,
    entry: AnyEntryRef,
    /// How long an error is remembered, in milliseconds.
    err_ttl: Option<u64>,
    stage: Option<Arc<Stage>>,
}

/// What a call is after.
pub(crate) enum Mode {
    /// A value, wherever it comes from.
    Read,
    /// A value in place of the one that was found.
    Replace(Box<AtHand>),
    /// A new value, in place of what is cached.
    Refresh,
    /// The function's own.
    Bypass,
}

impl Mode {
    pub(crate) fn of(manner: Manner) -> Self {
        match manner {
            Manner::Refreshing => Self::Refresh,
            Manner::Bypassing => Self::Bypass,
        }
    }
}

/// How a call goes on.
enum Way {
    /// The value is there.
    Served(Arc<Entry>),
    /// There is an error, remembered or of another call's load.
    Failed(Failure),
    /// Its flight has landed, with what it takes. It is taken where it lies: were it handed to each of a
    /// crowd, all of them would write to the same counts.
    Landed(Ticket),
    /// It loads.
    Load(Role),
    /// It takes what is at hand, and loads what is to replace it.
    Replace(Box<Replacing>),
}

/// What a load is to others.
enum Role {
    /// Nothing: it goes past the cache.
    Alone,
    /// It loads for all that wait.
    Lead(Box<Loading>),
    /// It loads in place of what is cached.
    Renew(Box<Renewing>),
}

/// The right to put a value in place of what is cached.
struct Renewing {
    claim: Claim,
    ticket: Ticket,
    trust: Trust,
}

/// What is up to a call.
enum Work<S: Shape> {
    /// To load.
    Load(Load, Given<S>),
    /// To load what is to replace a value that it has at hand.
    Replace(Replacer<S>),
}

/// The right to load, and to store what was loaded.
///
/// The order of its fields is that in which it is dropped: a lease is given back before the next one's
/// turn comes, who else would find it in the cell.
struct Loading {
    claim: Claim,
    permit: Permit,
    ticket: Ticket,
    trust: Trust,
    /// How many milliseconds before the end of the ttl of what it is to replace, if there is such.
    early: Option<u64>,
}

impl<S: Shape> Call<S> {
    pub(crate) fn new(site: &'static Site, entry: AnyEntryRef, mode: Mode) -> Self {
        let read = Read { site, form: S::FORM, entry, err_ttl: None, stage: None };
        Self { read: Box::new(read), mode, given: Given::default() }
    }

    /// The value: from another call's load, from the remote tier, or from `body`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `body`; another call that waits for it runs its own.
    #[allow(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
    pub fn load<F>(self, body: F) -> impl Future<Output = S::Return>
    where
        F: Future<Output = S::Return>,
    {
        async move {
            let way = self.read.way(self.mode).await;
            let load = match Self::served(way, self.read.entry.version()) {
                Ok(returned) => return returned,
                Err(way) => Self::go(Work::of(way, self.read, self.given), Box::pin(body)),
            };
            Box::pin(load).await
        }
    }

    async fn go<B>(work: Work<S>, body: B) -> S::Return
    where
        B: Future<Output = S::Return> + Unpin,
    {
        match work {
            Work::Load(load, given) => Self::run(load, &given, body).await,
            Work::Replace(replacer) => replacer.here(body).await,
        }
    }

    /// What a call of this version is answered with that goes this way, else how it goes on.
    fn served(way: Way, version: u32) -> Result<S::Return, Way> {
        let returned = match way {
            Way::Served(entry) => Self::returned(entry, version),
            Way::Failed(failure) => S::failed(&failure),
            Way::Landed(ticket) => match ticket.flight().outcome() {
                Some(Outcome::Found(entry) | Outcome::Loaded(entry)) => {
                    entry.value(version).and_then(S::Kind::copied)
                }
                Some(Outcome::Failed(failure)) => S::failed(failure),
                Some(Outcome::Merged) | None => None,
            },
            way => return Err(way),
        };
        returned.ok_or(Way::Load(Role::Alone))
    }

    /// What `entry` is to the caller.
    fn returned(entry: Arc<Entry>, version: u32) -> Option<S::Return> {
        S::Kind::returned(entry.into_value(version)?)
    }

    /// Runs `body`, unless there is a value that waits to be written, and stores what it has brought.
    async fn run<B>(mut load: Load, given: &Given<S>, mut body: B) -> S::Return
    where
        B: Future<Output = S::Return> + Unpin,
    {
        let version = load.entry().version();
        let waiting = load.begin().await;
        if let Some(waiting) = waiting
            && let Some(returned) = Self::returned(waiting.clone(), version)
        {
            if load.is_stored() {
                // Whether it is written in the end, or turns out to be older, nobody is told.
                load.end(Brought::Value(unstored(waiting))).await;
            }
            return returned;
        }
        let returned = load.around(&mut body).await;
        // What it holds is not to be held while its value is stored.
        drop(body);
        if load.is_stored() {
            let brought = given.brought(&returned, load.entry());
            load.end(brought).await;
        }
        returned
    }
}

impl<S: Shape> Work<S> {
    /// What is up to a call that goes this way.
    fn of(way: Way, read: Box<Read>, given: Given<S>) -> Self {
        let role = match way {
            Way::Load(role) => role,
            Way::Replace(replacing) => {
                let at_hand = replacing.at_hand.clone();
                match Call::<S>::returned(at_hand, read.entry.version()) {
                    Some(at_hand) => {
                        return Self::Replace(Replacer { read, given, replacing, at_hand });
                    }
                    None => Role::Lead(replacing.load.turn),
                }
            }
            Way::Served(_) | Way::Failed(_) | Way::Landed(_) => Role::Alone,
        };
        Self::Load(Load::new(read, role), given)
    }
}

impl Read {
    fn count(&self, event: Event) {
        self.counters().add(event);
    }

    fn counters(&self) -> &SiteCounters {
        self.site.counters(&self.entry.cache)
    }

    /// Whether the function can return what `entry` holds.
    fn takes(&self, entry: &Entry) -> bool {
        self.form.takes_entry(entry, self.entry.version())
    }

    fn flight_id(&self) -> FlightId {
        let AnyEntryRef { cache, policy, .. } = &self.entry;
        FlightId {
            site: self.site.address(),
            value: self.form.value.id(),
            version: self.entry.version(),
            shape: (self.form.name)(),
            exclusive: policy.waits_for_lease(),
            alone: cache.remote(*policy).is_none(),
            stale: policy.stale_window(),
        }
    }

    /// Whether the function called itself with the same key: it would wait for itself.
    fn is_inside_itself(&self, id: FlightId) -> bool {
        let inside = nesting::is_loading(self.entry.cache.address(), &self.entry.key, Some(id));
        if inside {
            tracing::warn!(
                cache = self.entry.cache.name(),
                function = self.site.function(),
                key = %self.entry.key,
                "the function calls itself with the same key: the inner call waits for nobody"
            );
        }
        inside
    }
}

#[cfg(all(test, feature = "moka", feature = "testing", not(shuttle)))]
mod tests;
