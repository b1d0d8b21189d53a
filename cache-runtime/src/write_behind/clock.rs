//! The clock of a journal, as far as this process knows it.

use std::time::{Duration, Instant};

use super::version;

/// The clock of the journal, as far as this process knows it.
#[derive(Default)]
pub(super) struct Clock {
    pub(super) seen: Option<Seen>,
    /// The last version that was given to a write without the journal.
    last: u64,
}

/// What the journal's clock showed at a moment between two.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    sequence: u64,
    asked: Instant,
    answered: Instant,
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Clock {
    /// Notes what the journal's clock showed, unless what is known already is more exact.
    pub(super) fn saw(&mut self, sequence: u64, asked: Instant) -> Seen {
        let new = Seen { sequence, asked, answered: Instant::now() };
        let seen = self.seen.filter(|old| old.error() < new.error()).unwrap_or(new);
        self.seen = Some(seen);
        seen
    }

    /// A number greater than any that the journal has given out until now.
    pub(super) fn version(&mut self) -> u64 {
        let now = self.seen.map_or_else(version::now, Seen::latest);
        self.last = now.max(self.last).saturating_add(1);
        self.last
    }
}

impl Seen {
    /// How far off it may be: the answer was made at any moment between, and clocks differ in pace.
    fn error(&self) -> Duration {
        let drift = self.answered.elapsed() / 1000;
        self.answered.duration_since(self.asked) + drift
    }

    /// What the journal's clock shows now, at the latest.
    fn latest(self) -> u64 {
        self.sequence.saturating_add(micros(self.asked.elapsed()))
    }

    /// What it shows now, at the earliest.
    pub(super) fn earliest(self) -> u64 {
        self.sequence.saturating_add(micros(self.answered.elapsed()))
    }
}
