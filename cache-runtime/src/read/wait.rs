//! Waiting for somebody else's load.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Loading;
use crate::remote::random::jittered;

/// How long to let pass before looking again where nobody tells of changes, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(4);
const LAST_LOOK: Duration = Duration::from_millis(25);

/// How long where changes are told: what is to be found out then is that the owner has died, since
/// a lease's end may be told late.
const LOOK_IF_TOLD: Duration = Duration::from_millis(500);

/// The wait of one read for a lease.
pub(super) struct Wait {
    began: Instant,
    patience: Duration,
    next: Duration,
    is_counted: bool,
}

impl Wait {
    pub(super) fn new(patience: Duration) -> Self {
        Self { began: Instant::now(), patience, next: FIRST_LOOK, is_counted: false }
    }

    /// Whether it is time to load beside the lease.
    pub(super) fn is_over(&self) -> bool {
        self.began.elapsed() >= self.patience
    }

    /// Calls `count` the first time.
    pub(super) fn count(&mut self, count: impl FnOnce()) {
        if !self.is_counted {
            self.is_counted = true;
            count();
        }
    }

    /// Waits until it may be worth looking again.
    pub(super) async fn pause(&mut self, turn: &Loading) {
        let pause = if turn.trust.is_connected() { LOOK_IF_TOLD } else { self.next };
        self.next = (self.next * 2).min(LAST_LOOK);
        // Told or not: look.
        let _ = timeout(jittered(pause), turn.ticket.changed()).await;
    }
}
