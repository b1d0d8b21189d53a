//! One hot key across its expiries: what readers wait, and what the origin is asked.

pub mod origin;
mod readers;
pub mod slice;
mod table;
mod times;

pub use readers::{RATE, measure};
pub use table::{Measured, tables};

use std::sync::OnceLock;
use std::time::Duration;

use crate::contender::Contender;

/// A way to read the hot key, and the one whose reads are all hits that it is held against.
pub struct Case {
    /// Reads the key.
    pub contender: Contender,
    /// The name of the case that does the same with an entry that doesn't expire.
    pub control: &'static str,
}

impl Case {
    /// A case held against `control`.
    pub fn new(contender: Contender, control: &'static str) -> Self {
        Self { contender, control }
    }

    /// A case that others are held against.
    pub fn control(contender: Contender) -> Self {
        let control = contender.name;
        Self { contender, control }
    }
}

/// For how long a value may be served after its ttl, by those who can.
pub const STALE: Duration = Duration::from_secs(5);

/// After which part of the ttl a value is loaded anew, by those who can.
pub const REFRESH: f64 = 0.8;

static TTL: OnceLock<Duration> = OnceLock::new();

/// How long a value lives.
pub fn ttl() -> Duration {
    *TTL.get_or_init(|| Duration::from_secs(1))
}

/// Lets values live for `ttl`; before any was loaded.
pub fn use_ttl(ttl: Duration) {
    // Whoever asks later is told the first.
    let _ = TTL.set(ttl);
}
