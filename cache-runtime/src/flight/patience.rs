//! How long the members of a flight wait for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Sleep, sleep, timeout};

use super::{Flight, Turn};

/// So many have a timer each. Those who come after them have one in common with all of their runtime:
/// to set ten thousand, and take them back, takes longer than to wake those who wait.
const FEW: u64 = 32;

/// A timer that ends the wait of those who have none of their own. No task polls it, which might not be
/// polled itself: the runtime's clock rings [`Bell`] when its time has come. It is the clock of those
/// who wait, and stands still only where theirs would.
pub(super) struct Alarm {
    runtime: Id,
    #[allow(dead_code, reason = "it rings as long as it is not dropped")]
    timer: Pin<Box<Unconstrained<Sleep>>>,
}

struct Bell(Weak<Flight>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if let Some(flight) = self.0.upgrade() {
            flight.end_waiting();
        }
    }
}

impl Alarm {
    /// `None` if its time has come already.
    fn of(flight: &Arc<Flight>, runtime: Id, limit: Duration) -> Option<Self> {
        // Unconstrained, as it would ring where a task's budget is used up.
        let mut timer = Box::pin(unconstrained(sleep(limit)));
        let bell = Waker::from(Arc::new(Bell(Arc::downgrade(flight))));
        let polled = timer.as_mut().poll(&mut Context::from_waker(&bell));
        polled.is_pending().then_some(Self { runtime, timer })
    }
}

impl Flight {
    /// This member's [`turn`](Self::turn). When it has waited for about `limit`, it is [`Turn::Late`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future passes the turn on.
    pub(crate) async fn turn_within(self: &Arc<Self>, limit: Duration) -> Turn<'_> {
        if let Some(turn) = self.turn_now() {
            return turn;
        }
        if self.is_told_when_late(limit) {
            return self.turn().await;
        }
        Box::pin(timeout(limit, self.turn())).await.unwrap_or(Turn::Late)
    }

    /// Whether an alarm tells those of this runtime who wait when they have waited too long.
    fn is_told_when_late(self: &Arc<Self>, limit: Duration) -> bool {
        let Ok(runtime) = Handle::try_current() else { return false };
        let state = self.state.lock();
        if state.arrivals < FEW {
            return false;
        }
        if state.alarms.iter().any(|alarm| alarm.runtime == runtime.id()) {
            return true;
        }
        drop(state);
        // Without the lock, which it takes when it rings. Two may set one each.
        let alarm = Alarm::of(self, runtime.id(), limit);
        let is_set = alarm.is_some();
        self.state.lock().alarms.extend(alarm);
        is_set
    }
}
