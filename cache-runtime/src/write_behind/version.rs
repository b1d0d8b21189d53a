//! The sequence number of a write, as its body sees it.

use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

tokio::task_local! {
    static CURRENT: u64;
}

/// The sequence number of the write that is being made.
///
/// Writes of a key are made at least once, and one that was held up may come after a later one. So
/// what is older must not replace what is newer: `update … set …, version = $1 where version < $1`.
#[derive(Debug)]
pub struct Version;

impl Version {
    /// The number of the write whose body this is called in: microseconds since the Unix epoch, greater
    /// than that of any write of the key before, by whichever process, restarts of the journal
    /// included. Of writes that are made while the journal is out of reach it is as exact as the
    /// clocks of two processes agree. Outside of such a body, it is this moment.
    pub fn current() -> i64 {
        signed(CURRENT.try_with(|sequence| *sequence).unwrap_or_else(|_| now()))
    }

    /// Runs `body`, where this is `sequence`.
    pub(super) fn scope<F: Future>(sequence: u64, body: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(sequence, body)
    }
}

/// As databases count.
pub(super) fn signed(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// Microseconds since the Unix epoch, by the clock of this machine.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
