//! Many short times, kept exactly.

use std::time::Duration;

/// Times in nanoseconds, the shortest first; what is longer than four seconds counts as that.
#[derive(Debug, Default)]
pub struct Times(Vec<u32>);

impl Times {
    /// Orders times.
    pub fn new(mut nanos: Vec<u32>) -> Self {
        nanos.sort_unstable();
        Self(nanos)
    }

    /// The times of all.
    pub fn merged<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        Self::new(all.flat_map(|times| times.0.iter().copied()).collect())
    }

    /// The time that a fraction `q` of them doesn't exceed, in microseconds; NaN if there are none.
    pub fn micros(&self, q: f64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "millions at most, and 0 <= q <= 1"
        )]
        let rank = (q * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.max(1) - 1).map_or(f64::NAN, |nanos| f64::from(*nanos) / 1e3)
    }

    /// How many are longer than `limit`.
    pub fn over(&self, limit: Duration) -> usize {
        self.0.len() - self.0.partition_point(|nanos| *nanos <= in_nanos(limit))
    }
}

/// A time as it is kept.
pub(super) fn in_nanos(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_time_that_was_measured() {
        let times = Times::new((1..=1000).rev().map(|micros| micros * 1000).collect());
        assert_eq!(times.micros(0.0), 1.0);
        assert_eq!(times.micros(0.5), 500.0);
        assert_eq!(times.micros(0.999), 999.0);
        assert_eq!(times.micros(1.0), 1000.0);
        assert!(Times::default().micros(0.5).is_nan());
    }

    #[test]
    fn what_takes_as_long_as_the_limit_is_not_over_it() {
        let times = Times::new(vec![3_000, 1_000, 2_000]);
        assert_eq!(times.over(Duration::from_micros(2)), 1);
        assert_eq!(times.over(Duration::ZERO), 3);
    }
}
