//! A journal in memory.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::book::Book;
use super::{Claimed, DeadLetter, Journal, Put, Ready, Settled, Write};
use crate::error::Result;
use crate::sync::Mutex;

/// A journal in this process's memory: **what it holds is lost with the process**.
///
/// For writes that may be lost, such as the time at which somebody was last seen, and for tests.
/// Clones are the same journal.
#[derive(Clone, Default)]
pub struct LossyJournal(Arc<Mutex<Book>>);

impl LossyJournal {
    /// Makes an empty journal.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Journal for LossyJournal {
    fn is_local(&self) -> bool {
        true
    }

    async fn now(&self) -> Result<u64> {
        Ok(self.0.lock().now())
    }

    async fn put(&self, write: Write) -> Result<Put> {
        Ok(self.0.lock().put(write))
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.0.lock().get(key))
    }

    async fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        Ok(self.0.lock().claim(function, most, hold, ready))
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        self.0.lock().settle(function, settled);
        Ok(())
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        self.0.lock().forget(function, key, before);
        Ok(())
    }

    async fn waiting(&self, function: &str) -> Result<u64> {
        Ok(self.0.lock().waiting(function))
    }

    async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        Ok(self.0.lock().dead(function))
    }

    async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        Ok(self.0.lock().revive(function, key, again))
    }
}

impl fmt::Debug for LossyJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LossyJournal")
    }
}

#[cfg(all(test, feature = "testing", not(shuttle)))]
mod tests {
    use super::*;
    use crate::testing::conformance;

    #[tokio::test]
    async fn the_journal_in_memory_is_a_journal() {
        conformance::journal(LossyJournal::new).await;
    }
}
