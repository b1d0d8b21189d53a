//! How long the members of a flight wait for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::{Flight, Turn};

/// So many have a timer each. Those who come after them have one in common with all of their runtime:
/// to set ten thousand, and take them back, takes longer than to wake those who wait.
const FEW: u64 = 32;

/// A task that ends the wait of those who have no timer of their own. It is of the runtime that polls
/// them: where nobody polls it, nobody polls them.
pub(super) struct Watch {
    runtime: Id,
    task: AbortHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Flight {
    /// This member's [`turn`](Self::turn). When it has waited for about `limit`, it is [`Turn::Late`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future passes the turn on.
    pub(crate) async fn turn_within(self: &Arc<Self>, limit: Duration) -> Turn<'_> {
        if self.is_watched(limit) {
            return self.turn().await;
        }
        // A timer of its own: nobody may poll another's.
        Box::pin(timeout(limit, self.turn())).await.unwrap_or(Turn::Late)
    }

    /// Whether those of this runtime who wait are told when they have waited too long.
    fn is_watched(self: &Arc<Self>, limit: Duration) -> bool {
        let mut state = self.state.lock();
        if state.arrivals < FEW {
            return false;
        }
        let Ok(runtime) = Handle::try_current() else { return false };
        if !state.watches.iter().any(|watch| watch.runtime == runtime.id()) {
            let flight = Arc::downgrade(self);
            let task = runtime.spawn(async move {
                sleep(limit).await;
                if let Some(flight) = flight.upgrade() {
                    flight.end_waiting();
                }
            });
            state.watches.push(Watch { runtime: runtime.id(), task: task.abort_handle() });
        }
        true
    }
}
