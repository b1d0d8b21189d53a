//! Which stripe a thread counts in: one of its own while there are any, which needs no atomic addition.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::STRIPES;

/// So many stripes have one owner each; those behind them are for all other threads, in turns.
const OWNED_STRIPES: usize = STRIPES - 4;

/// The stripes that no living thread owns.
static FREE: Mutex<[bool; OWNED_STRIPES]> = Mutex::new([true; OWNED_STRIPES]);

/// How many threads went without.
static OTHERS: AtomicUsize = AtomicUsize::new(0);

/// The stripe of a thread.
#[derive(Clone, Copy)]
pub(super) enum Stripe {
    Own(usize),
    Shared(usize),
}

thread_local! {
    static CURRENT: Cell<Option<Stripe>> = const { Cell::new(None) };
    static OWNED: Owned = Owned::claim();
}

/// A stripe for as long as its thread lives. The lock hands the count over to the next.
struct Owned(Option<usize>);

impl Owned {
    fn claim() -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let stripe = free.iter().position(|is_free| *is_free);
        if let Some(stripe) = stripe {
            free[stripe] = false;
        }
        Self(stripe)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // What this thread still counts as it ends, it counts with others.
        CURRENT.set(Some(Stripe::shared()));
        if let Some(stripe) = self.0 {
            FREE.lock().unwrap_or_else(PoisonError::into_inner)[stripe] = true;
        }
    }
}

impl Stripe {
    /// That of this thread.
    #[inline]
    pub(super) fn current() -> Self {
        CURRENT.get().unwrap_or_else(Self::first)
    }

    fn shared() -> Self {
        Self::Shared(OWNED_STRIPES + OTHERS.fetch_add(1, Relaxed) % (STRIPES - OWNED_STRIPES))
    }

    #[cold]
    fn first() -> Self {
        let stripe =
            OWNED.try_with(|owned| owned.0).ok().flatten().map_or_else(Self::shared, Self::Own);
        CURRENT.set(Some(stripe));
        stripe
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::stats::counters::{Event, SiteCounters};

    #[test]
    fn more_threads_than_stripes_lose_no_count_and_neither_do_those_that_come_after_them() {
        const THREADS: usize = STRIPES + 8;
        const CALLS: u64 = 2_000;
        let counters = SiteCounters::default();
        for round in 1..=3 {
            let all_here = Barrier::new(THREADS);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        counters.hit();
                        all_here.wait();
                        (1..CALLS).for_each(|_| counters.hit());
                    });
                }
            });
            assert_eq!(counters.get(Event::Hit), round * CALLS * THREADS as u64);
        }
    }
}
