//! Whether a read saw what it was allowed to see.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::args::Args;
use crate::clock::{millis, nanos, now};
use crate::echo::Echo;
use crate::incidents::{Incident, Incidents, effect};
use crate::items::{DISCONNECTED_TTL, Item, LONGEST_LOAD, REMOTE_BUDGET, TTL};
use crate::register::{KEYS, Register, Told};

/// How long after an incident a process may be busy getting back.
const RECOVERY: u64 = millis(3_000);

/// A thread that has no processor tells so when it has one again.
const AFTERWARDS: u64 = millis(128);

/// How many of the last invalidations of this process are remembered, by key.
const REMEMBERED: usize = 256;

/// How long before a commit its barrier went up, at most.
const BODY: u64 = millis(2_000);

pub(crate) struct Judge {
    pub(crate) register: Arc<Register>,
    pub(crate) incidents: Incidents,
    pub(crate) echo: Arc<Echo>,
    /// The last invalidations that returned here, by key.
    here: Vec<Mutex<VecDeque<Returned>>>,
    own: u64,
    within: u64,
}

/// When a read began.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    pub(crate) key: u64,
    pub(crate) at: u64,
}

/// An invalidation that returned in this process.
#[derive(Clone, Copy)]
struct Returned {
    /// The version that was true when it began.
    version: u64,
    at: u64,
    has_reached: bool,
}

pub(crate) enum Verdict {
    Fine,
    /// Older than allowed, since the servers lost what they had acknowledged.
    Lost(Stale),
    Violation(Stale),
}

pub(crate) struct Stale {
    key: u64,
    seen: u64,
    current: u64,
    /// For how long it had been outdated when the read began, in nanoseconds.
    pub(crate) age: u64,
    allowed: u64,
    why: &'static str,
}

impl Judge {
    pub(crate) fn new(args: &Args, register: Arc<Register>, echo: Arc<Echo>) -> Self {
        Self {
            register,
            incidents: Incidents::open(&args.dir),
            echo,
            here: (0..KEYS).map(|_| Mutex::default()).collect(),
            own: 1 << args.number,
            within: nanos(args.push_within),
        }
    }

    /// An invalidation that was begun when `version` was true has returned here; it
    /// `has_reached` Redis, or that isn't known.
    pub(crate) fn returned_here(&self, key: u64, version: u64, has_reached: bool) {
        let mut here = self.here[usize::try_from(key).unwrap()].lock().unwrap();
        if here.len() == REMEMBERED {
            here.pop_front();
        }
        here.push_back(Returned { version, at: now(), has_reached });
    }

    /// When the first invalidation returned here that `seen` is too old for, and the first one
    /// that servers may have lost since.
    fn here(&self, begun: &Begun, seen: u64, incidents: &[Incident]) -> (Option<u64>, Option<u64>) {
        let here = self.here[usize::try_from(begun.key).unwrap()].lock().unwrap();
        let newer = here.iter().filter(|it| it.version > seen && it.at <= begun.at);
        let is_lost = |it: &&Returned| {
            // What hasn't reached Redis yet does so at any time later.
            let until = if it.has_reached { it.at } else { begun.at };
            any(incidents, effect::LOSES_DELETES, it.at, until)
        };
        let (lost, kept): (Vec<_>, Vec<_>) = newer.partition(is_lost);
        let first = |these: Vec<&Returned>| these.into_iter().map(|it| it.at).min();
        (first(kept), first(lost))
    }

    /// Judges what a read has brought.
    pub(crate) fn judge(&self, begun: &Begun, item: &Item) -> Verdict {
        let seen = item.version;
        let current = self.register.version(begun.key);
        let stale = |age, allowed, why| Stale { key: begun.key, seen, current, age, allowed, why };
        if item.id != begun.key || seen > current {
            return Verdict::Violation(stale(0, 0, "it is another item's"));
        }
        if seen == current {
            return Verdict::Fine;
        }
        let incidents = self.incidents.last();
        let (here, lost_here) = self.here(begun, seen, &incidents);
        if let Some(told) = here {
            return Verdict::Violation(stale(begun.at - told, 0, "it was invalidated right here"));
        }
        let told = self.register.told_after(begun.key, seen);
        let (firm, lost) = earliest(&told, &incidents, begun.at);
        let lost = lost.into_iter().chain(lost_here).min();
        let outdated = |told: Option<u64>| {
            let told = told.filter(|&told| told <= begun.at)?;
            let allowed = self.allowed(&incidents, told, begun.at);
            let age = begun.at - told;
            (age > allowed).then_some((age, allowed))
        };
        if let Some((age, allowed)) = outdated(firm) {
            let is_barred = told.iter().any(|it| Some(it.guarded) == firm);
            let why = if is_barred { "it had a barrier" } else { "it was invalidated elsewhere" };
            return Verdict::Violation(stale(age, allowed, why));
        }
        match outdated(lost) {
            Some((age, allowed)) if age > nanos(TTL) + allowed => {
                Verdict::Violation(stale(age, allowed, "a lost delete outlives the ttl"))
            }
            Some((age, allowed)) => Verdict::Lost(stale(age, allowed, "the delete was lost")),
            None => Verdict::Fine,
        }
    }

    /// How old a value may be here that was outdated at `told` and read at `read`.
    fn allowed(&self, incidents: &[Incident], told: u64, read: u64) -> u64 {
        if self.is_calm(incidents, told, read) {
            return self.within + 2 * self.echo.slowest(told, read + AFTERWARDS);
        }
        // A load that began before may be stored when all its waiting is over.
        self.within + nanos(DISCONNECTED_TTL) + nanos(REMOTE_BUDGET) + nanos(LONGEST_LOAD)
    }

    fn is_calm(&self, incidents: &[Incident], from: u64, to: u64) -> bool {
        let disturbs = |it: &Incident| {
            it.effects & effect::DISTURBS != 0
                && it.whom & self.own != 0
                && it.begin <= to
                && it.end.saturating_add(RECOVERY) >= from
        };
        !incidents.iter().any(disturbs)
    }

    /// Whether nothing has disturbed this process for as long as it may need to recover.
    pub(crate) fn is_calm_now(&self, now: u64) -> bool {
        self.is_calm(&self.incidents.last(), now, now)
    }
}

/// Whether an incident of this effect lasted at any moment between two.
fn any(incidents: &[Incident], effect: u64, from: u64, to: u64) -> bool {
    incidents.iter().any(|it| it.effects & effect != 0 && it.begin <= to && it.end >= from)
}

/// When the first of `told` was, and the first of those that servers may have lost since.
fn earliest(told: &[Told], incidents: &[Incident], read: u64) -> (Option<u64>, Option<u64>) {
    let deletes = told.iter().map(|it| it.returned).filter(|&at| at > 0);
    let (lost, kept): (Vec<_>, Vec<_>) =
        deletes.partition(|&at| any(incidents, effect::LOSES_DELETES, at, at));
    let barriers = told.iter().map(|it| it.guarded).filter(|&at| at > 0);
    let (down, up): (Vec<_>, Vec<_>) =
        barriers.partition(|&at| any(incidents, effect::FORGETS, at.saturating_sub(BODY), read));
    let first = |one: Vec<u64>, other: Vec<u64>| one.into_iter().chain(other).min();
    (first(kept, up), first(lost, down))
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, seen, current, age, allowed, why } = self;
        let (age, allowed) = (age / 1_000_000, allowed / 1_000_000);
        write!(
            f,
            "key {key}: saw {seen} of {current}, outdated for {age} ms, {allowed} ms allowed: {why}"
        )
    }
}
