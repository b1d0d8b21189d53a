//! The end of a process, as far as the cache has to do with it.

use std::time::Duration;

use super::Cache;
use crate::error::{Error, ErrorKind, Result};

impl Cache {
    /// Makes the writes that wait in the journal, and waits until the remote tier has been told all
    /// that is owed to it, for as long as `deadline`. Call it before the process ends. The cache goes
    /// on working.
    ///
    /// # Cancel safety
    ///
    /// Dropping it changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if that took longer: writes stay in the
    /// journal, for whoever starts next; what could not be told stays in the remote tier until its ttl.
    /// Another kind if a write failed: it stays in the journal, too.
    pub async fn shutdown(&self, deadline: Duration) -> Result<()> {
        let ending = async {
            let flushed = self.desk().flush(self).await;
            if let Some(tier) = self.any_remote() {
                tier.settled().await;
            }
            flushed
        };
        tokio::time::timeout(deadline, ending).await.unwrap_or_else(|_| {
            let reason = "not all writes could be made and invalidations told in time";
            Err(Error::new(ErrorKind::Timeout, reason))
        })
    }
}
