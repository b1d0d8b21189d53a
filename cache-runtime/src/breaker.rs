//! When to leave the remote tier alone.
//!
//! The states are those of the circuit breaker of M. Nygard's "Release It!": closed lets calls
//! through, open doesn't, and one probe at a time finds out whether it may close again.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;

/// So many failures in a row open it, however few calls there are.
const CONSECUTIVE: u32 = 5;

/// Half of the calls failing opens it, once there have been so many in the window.
const MIN_CALLS: u32 = 20;

/// Calls count for this long, or for twice as long, in ms.
const HALF_WINDOW: u64 = 5_000;

/// While open, a probe goes through this often, in ms.
const PROBE_EVERY: u64 = 250;

/// A probe that has not ended for so long may be on a runtime that nobody drives, in ms.
const STALLED: u64 = 5_000;

/// Counts how the calls of the remote tier end, and refuses them while they mostly fail.
pub(crate) struct Breaker {
    clock: Clock,
    state: Mutex<State>,
    opened: AtomicU64,
    closed: AtomicU64,
}

enum State {
    Closed(Window),
    Open {
        /// When the next probe may go, in ms.
        probe_at: u64,
        /// How many have gone: what an earlier one says is no news.
        probes: u64,
    },
}

/// The calls of the last five to ten seconds.
struct Window {
    began: u64,
    current: Count,
    previous: Count,
    failures_in_a_row: u32,
}

#[derive(Clone, Copy, Default)]
struct Count {
    calls: u32,
    failures: u32,
}

impl Breaker {
    pub(crate) fn new(clock: Clock) -> Self {
        let window = Window::new(clock.now());
        Self {
            clock,
            state: Mutex::new(State::Closed(window)),
            opened: AtomicU64::new(0),
            closed: AtomicU64::new(0),
        }
    }

    /// Lets a call go ahead, unless the remote tier is to be left alone.
    ///
    /// While it is, every so often one call is let through, which decides how it goes on.
    pub(crate) fn allow(&self) -> Option<Permit<'_>> {
        let probe = match &mut *self.locked() {
            State::Closed(_) => None,
            State::Open { probe_at, probes } => {
                let now = self.clock.now();
                if now < *probe_at {
                    return None;
                }
                *probe_at = now + STALLED;
                *probes += 1;
                Some(*probes)
            }
        };
        Some(Permit {
            breaker: self,
            // What a call of an earlier life says is no news.
            life: self.closed.load(Ordering::Relaxed),
            probe,
            outcome: Outcome::Cancelled,
        })
    }

    /// Whether the remote tier is being left alone.
    #[cfg(test)]
    fn is_open(&self) -> bool {
        matches!(*self.locked(), State::Open { .. })
    }

    /// How often it has opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// How often it has closed again.
    pub(crate) fn closed(&self) -> u64 {
        self.closed.load(Ordering::Relaxed)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, failed: bool, life: u64) {
        let now = self.clock.now();
        let mut state = self.locked();
        let State::Closed(window) = &mut *state else {
            return;
        };
        if life == self.closed.load(Ordering::Relaxed) && window.count(failed, now) {
            *state = State::Open { probe_at: now + PROBE_EVERY, probes: 0 };
            self.opened.fetch_add(1, Ordering::Relaxed);
            drop(state);
            tracing::warn!("the remote tier keeps failing: doing without it");
        }
    }

    fn conclude_probe(&self, probe: u64, outcome: Outcome, life: u64) {
        let now = self.clock.now();
        let mut state = self.locked();
        let State::Open { probe_at, probes } = &mut *state else {
            return;
        };
        if *probes != probe || self.closed.load(Ordering::Relaxed) != life {
            return;
        }
        match outcome {
            Outcome::Cancelled => *probe_at = now,
            Outcome::Failure => *probe_at = now + PROBE_EVERY,
            Outcome::Success => {
                *state = State::Closed(Window::new(now));
                self.closed.fetch_add(1, Ordering::Relaxed);
                drop(state);
                tracing::info!("the remote tier is back");
            }
        }
    }
}

impl Window {
    fn new(now: u64) -> Self {
        Self {
            began: now,
            current: Count::default(),
            previous: Count::default(),
            failures_in_a_row: 0,
        }
    }

    /// Counts a call; answers whether that was one failure too many.
    fn count(&mut self, failed: bool, now: u64) -> bool {
        self.turn(now);
        self.current.calls += 1;
        if !failed {
            self.failures_in_a_row = 0;
            return false;
        }
        self.current.failures += 1;
        self.failures_in_a_row += 1;
        let calls = self.current.calls + self.previous.calls;
        let failures = self.current.failures + self.previous.failures;
        self.failures_in_a_row >= CONSECUTIVE || (calls >= MIN_CALLS && failures * 2 >= calls)
    }

    fn turn(&mut self, now: u64) {
        let halves = now.saturating_sub(self.began) / HALF_WINDOW;
        if halves == 0 {
            return;
        }
        let last = mem::take(&mut self.current);
        self.previous = if halves == 1 { last } else { Count::default() };
        self.began = now;
    }
}

/// Leave to make one call, to be told how it ended.
///
/// Dropped untold, the call counts as never made: its caller went away.
#[must_use]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    life: u64,
    probe: Option<u64>,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    Cancelled,
    Success,
    Failure,
}

impl Permit<'_> {
    /// The remote tier answered.
    pub(crate) fn success(mut self) {
        self.outcome = Outcome::Success;
    }

    /// It failed, or did not answer in time.
    pub(crate) fn failure(mut self) {
        self.outcome = Outcome::Failure;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        match (self.probe, self.outcome) {
            (Some(probe), outcome) => self.breaker.conclude_probe(probe, outcome, self.life),
            (None, Outcome::Cancelled) => {}
            (None, Outcome::Success) => self.breaker.record(false, self.life),
            (None, Outcome::Failure) => self.breaker.record(true, self.life),
        }
    }
}

#[cfg(test)]
mod tests;
