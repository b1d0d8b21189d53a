//! How long a value lives: fresh, then stale, then gone.

use crate::policy::{Policy, Share};
use crate::remote::envelope::Header;
use crate::remote::random::chance;

/// How long a value lives that is about to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Life {
    /// How long it is fresh, in milliseconds. Zero: it is not stored.
    pub(crate) ttl: u64,
    /// How long it may be served after that, in milliseconds.
    pub(crate) stale: u64,
    /// What its load took, in microseconds; 0 where it is not known.
    pub(crate) cost: u32,
}

impl Life {
    /// The whole of it, in milliseconds.
    pub(crate) fn total(self) -> u64 {
        self.ttl.saturating_add(self.stale)
    }

    /// The same, with a ttl shortened by up to `share` of it, by chance.
    pub(crate) fn jittered(self, share: Share) -> Self {
        let most = share.of_millis(self.ttl);
        if most == 0 {
            return self;
        }
        let cut = chance() % (most + 1);
        Self { ttl: self.ttl.saturating_sub(cut).max(1), ..self }
    }
}

/// The moments at which the state of an entry changes, by the cache's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Until here, it is a hit and no more is to be asked.
    pub(crate) due: u64,
    /// Until here, it is fresh.
    pub(crate) soft: u64,
    /// Until here, it may be served.
    pub(crate) hard: u64,
    /// What its load took, in microseconds.
    pub(crate) cost: u32,
}

impl Span {
    /// Of a value that is stored at the moment `now`.
    pub(crate) fn of(life: Life, now: u64, policy: Policy) -> Self {
        let soft = now.saturating_add(life.ttl);
        let due = soft.saturating_sub(policy.early().earliest(life.ttl, life.cost));
        Self { due, soft, hard: now.saturating_add(life.total()), cost: life.cost }
    }

    /// Of a value that has been stored elsewhere. `None` where it is gone.
    ///
    /// Clocks differ: it lives no longer here than where it was loaded.
    pub(crate) fn of_stored(header: &Header, wall: u64, now: u64, policy: Policy) -> Option<Self> {
        let Header { created, soft, hard, cost, .. } = *header;
        let mut left = hard.checked_sub(wall)?.min(hard.saturating_sub(created));
        if left == 0 {
            return None;
        }
        let whole = soft.saturating_sub(created);
        let soft = match soft.checked_sub(wall) {
            Some(fresh) => now.saturating_add(fresh.min(whole)),
            None => {
                let past = wall - soft;
                // The clock may have begun since, and knows no moment before that.
                if past > now {
                    left = left.min(policy.stale_window().saturating_sub(past));
                }
                now.saturating_sub(past)
            }
        };
        let ttl = whole.saturating_sub(u64::from(cost) / 1000);
        let due = soft.saturating_sub(policy.early().earliest(ttl, cost));
        Some(Self { due, soft, hard: now.saturating_add(left), cost })
    }

    /// The same, ended at the moment `end`, should it last longer.
    pub(crate) fn ended(self, end: u64) -> Self {
        let hard = self.hard.min(end);
        Self { due: self.due.min(hard), hard, ..self }
    }

    /// The state at the moment `now`, for callers of `policy`.
    pub(crate) fn state(self, now: u64, policy: Policy) -> State {
        let Self { due, soft, hard, cost } = self;
        if now >= hard.min(soft.saturating_add(policy.stale_window())) {
            return State::Expired;
        }
        match soft.checked_sub(now) {
            None | Some(0) => State::Stale,
            Some(left) if now >= due && policy.early().begins(left, cost, chance) => State::Due,
            Some(_) => State::Fresh,
        }
    }
}

/// What a value is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is a hit.
    Fresh,
    /// It is a hit, and a new one is to be loaded.
    Due,
    /// It is past its ttl: served, and a new one is to be loaded.
    Stale,
    /// It is as good as gone.
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_past_the_window_also_where_the_clock_has_begun_since() {
        let (ttl, window) = (10_000, 20_000);
        let policy = Policy::new().ttl_millis(ttl).stale_millis(window);
        let wall = 1_000_000_000;
        for (past, state) in [(window - 1, State::Stale), (window, State::Expired)] {
            let soft = wall - past;
            // Stored by a function with a longer window.
            let header = Header { soft, ..Header::new(soft - ttl, soft + 10 * window, 0) };
            for now in [0, 1, past - 1, past, past + 1, wall] {
                let span = Span::of_stored(&header, wall, now, policy).unwrap();
                assert_eq!(span.state(now, policy), state, "{past} ms past the ttl, at {now}");
            }
        }
    }
}
