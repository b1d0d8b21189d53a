//! When a value that is still fresh is to be replaced.

use std::f64::consts::LN_2;

/// A share of something, in millionths: constants and equality want no floating point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Share(u32);

impl Share {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shares are neither negative nor more than a thousand"
    )]
    pub(crate) const fn of(share: f64) -> Self {
        Self((share * 1e6) as u32)
    }

    fn get(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// This share of `whole`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "milliseconds; what is beyond 2^53 of them is as good as for ever"
    )]
    pub(crate) fn of_millis(self, whole: u64) -> u64 {
        (self.get() * whole as f64) as u64
    }
}

/// When a refresh begins ahead of the end of the ttl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Early {
    #[default]
    Never,
    /// Once so much of the ttl has passed.
    At(Share),
    /// By chance, the likelier the nearer the end: so many times the cost of the load.
    XFetch(Share),
}

/// The largest draw: `-ln(2^-53)`.
const LARGEST: f64 = 36.75;

impl Early {
    /// How long before the end of `ttl`, both in milliseconds, a refresh may begin at the
    /// earliest, of a value whose load took `cost` microseconds.
    pub(crate) fn earliest(self, ttl: u64, cost: u32) -> u64 {
        match self {
            Self::Never => 0,
            Self::At(share) => ttl - share.of_millis(ttl).min(ttl),
            // Where the load takes a good part of the ttl, one refresh would follow another.
            Self::XFetch(beta) => ahead(beta, cost, LARGEST).min(ttl / 4 * 3),
        }
    }

    /// Whether it begins so many milliseconds before the end; not earlier than
    /// [`earliest`](Self::earliest). `random` is drawn anew for each question.
    ///
    /// `XFetch`: `now + cost * beta * -ln(rand()) >= expiry`.
    pub(crate) fn begins(self, left: u64, cost: u32, random: impl FnOnce() -> u64) -> bool {
        match self {
            Self::Never => false,
            Self::At(_) => true,
            Self::XFetch(beta) => {
                let random = random();
                // Most draws are too small by far, which spares their logarithms.
                left <= ahead(beta, cost, bound(random))
                    && left <= ahead(beta, cost, exponential(random))
            }
        }
    }
}

/// More than the draw that [`exponential`] makes of `random`.
fn bound(random: u64) -> f64 {
    f64::from(random.leading_zeros() + 1) * LN_2
}

/// A draw of the exponential distribution of mean 1.
#[allow(clippy::cast_precision_loss, reason = "53 bits are what it holds")]
fn exponential(random: u64) -> f64 {
    let uniform = ((random >> 11) + 1) as f64 / (1_u64 << 53) as f64; // never 0
    -uniform.ln()
}

/// `draw` times `beta` times the cost, in whole milliseconds: reads are whole ones from the end.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a cost has 32 bits"
)]
fn ahead(beta: Share, cost: u32, draw: f64) -> u64 {
    (f64::from(cost) / 1e3 * beta.get() * draw).floor() as u64
}

#[cfg(test)]
mod tests;
