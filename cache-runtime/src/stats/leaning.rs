//! Whether the remote tier is likely to have what the local one has not.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const ONE: u32 = 1 << 16;

/// How much of the average one more answer makes up.
const WEIGHT: u32 = 16;

/// From which share of hits on a `GET` is asked first: it is the shorter command where there is a hit,
/// and one round trip more where there is none. By the time of one caller some twenty hits outweigh a
/// miss, by the work of a busy client three do; this lies between.
const LIKELY: u32 = ONE / 10 * 9;

/// The share of hits among what one call site has lately asked of the remote tier. It begins with
/// none: a miss is what there is to be fast at while nothing is known.
#[derive(Default)]
pub(crate) struct Leaning(AtomicU32);

impl Leaning {
    /// Notes whether the value was there. Of two answers at once, one may be lost.
    pub(crate) fn note(&self, hit: bool) {
        let share = self.0.load(Relaxed);
        let share = if hit {
            share + (ONE - share).div_ceil(WEIGHT)
        } else {
            share - share.div_ceil(WEIGHT)
        };
        self.0.store(share, Relaxed);
    }

    /// Whether a value is likely to be there.
    pub(crate) fn expects_hit(&self) -> bool {
        self.0.load(Relaxed) >= LIKELY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a hit is expected after each of these answers.
    fn expected(answers: impl IntoIterator<Item = bool>) -> Vec<bool> {
        let leaning = Leaning::default();
        let note = |hit| {
            leaning.note(hit);
            leaning.expects_hit()
        };
        answers.into_iter().map(note).collect()
    }

    #[test]
    fn nothing_is_expected_until_there_were_hits() {
        assert!(!Leaning::default().expects_hit());
        let expected = expected([true; 100]);
        assert!(!expected[0] && expected[99]);
    }

    #[test]
    fn what_was_long_ago_does_not_count() {
        let answers = [vec![false; 100_000], vec![true; 40], vec![false; 3]].concat();
        let expected = expected(answers);
        assert!(expected[100_039] && !expected[100_042]);
    }

    #[test]
    fn a_miss_in_four_is_too_many_and_one_in_forty_is_not() {
        assert!(!expected((0..400).map(|i| i % 4 != 0)).contains(&true));
        assert!(expected((0..400).map(|i| i % 40 != 0))[100..].iter().all(|&expects| expects));
    }
}
