//! Writes as users see them: waiting, or given up.

use std::fmt;

use serde::de::DeserializeOwned;

use super::version::signed;
use super::{WriteBehind, payload};
use crate::cache::Cache;
use crate::error::Result;
use crate::journal::DeadLetter;
use crate::key::Key;

/// A write that waits, as the function of `flush` gets it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pending<T> {
    /// The key of the entry.
    pub key: Key,
    /// The value that was written last.
    pub value: T,
    /// Its number, as in [`Version::current`](crate::Version::current).
    pub version: i64,
}

/// A write that failed as often as it may.
#[non_exhaustive]
pub struct Dead {
    /// The key of the entry.
    pub key: Key,
    /// Its number, as in [`Version::current`](crate::Version::current).
    pub version: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// The error it failed with last.
    pub reason: String,
    cache: Cache,
    function: &'static WriteBehind,
    payload: bytes::Bytes,
}

impl Dead {
    pub(super) fn new(cache: &Cache, function: &'static WriteBehind, letter: DeadLetter) -> Self {
        let DeadLetter { write, reason } = letter;
        Self {
            key: Key::from(write.key),
            version: signed(write.sequence),
            attempts: write.attempts,
            reason,
            cache: cache.clone(),
            function,
            payload: write.payload,
        }
    }

    /// The value that was written; `None` if it is no `T`.
    pub fn value<T: DeserializeOwned>(&self) -> Option<T> {
        payload::value(self.payload.clone()).ok()
    }

    /// Makes it anew, with the number it had: what was written since is not replaced by it. If it
    /// fails again, it waits for its next attempt, and until then readers find it.
    ///
    /// # Errors
    ///
    /// When the journal is out of reach.
    pub async fn replay(&self) -> Result<()> {
        self.revive(true).await?;
        // How it ends is told by what waits, and by the letters.
        let _ = super::flusher::flush(&self.cache, self.function).await;
        // Who has found it in the journal may have what is older than what the source has.
        self.cache.invalidate(&self.key).await
    }

    /// Forgets it.
    ///
    /// # Errors
    ///
    /// When the journal is out of reach.
    pub async fn discard(&self) -> Result<()> {
        self.revive(false).await
    }

    async fn revive(&self, again: bool) -> Result<()> {
        let desk = self.cache.desk();
        desk.revive(self.function.name(), self.key.as_str(), again).await?;
        if again {
            // Readers find it in the journal again, and not what they have loaded meanwhile.
            self.cache.invalidate(&self.key).await?;
            desk.start(&self.cache, self.function);
        }
        Ok(())
    }
}

impl fmt::Debug for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dead")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("attempts", &self.attempts)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
