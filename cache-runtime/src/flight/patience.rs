//! How long the members of a flight wait for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::crowd::Place;
use super::{Flight, Ticket, Turn};

/// So many have a timer each. Those who come after them share alarms: to set ten thousand timers, and
/// take them back, takes longer than to wake those who wait.
pub(super) const FEW: u64 = 32;

/// By which part of what they wait those may be apart who share an alarm.
const SPREAD: u32 = 8;

/// A timer for those of one runtime who begin to wait shortly after each other. No task polls it, which
/// might not be polled itself: the runtime's clock rings the [`Bell`]. It stands still only where the
/// timers of those who wait would.
pub(super) struct Alarm {
    pub(super) runtime: Id,
    /// Until when others may share it.
    open: Instant,
    /// When the last of them has waited long enough.
    end: Instant,
    /// The place of the last of them.
    pub(super) last: Option<Place>,
    /// It rings as long as it is not dropped.
    _timer: Pin<Box<Unconstrained<Sleep>>>,
}

struct Bell {
    flight: Weak<Flight>,
    runtime: Id,
    end: Instant,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // A runtime that ends rings all its bells.
        if Instant::now() >= self.end
            && let Some(flight) = self.flight.upgrade()
        {
            flight.end_waiting(&|alarm| alarm.runtime == self.runtime && alarm.end == self.end);
        }
    }
}

impl Alarm {
    fn new(flight: &Arc<Flight>, runtime: Id, now: Instant, limit: Duration) -> Self {
        let open = now + limit / SPREAD;
        let end = open + limit;
        // Unconstrained, as it would ring where a task's budget is used up.
        let mut timer = Box::pin(unconstrained(sleep_until(end)));
        let bell = Waker::from(Arc::new(Bell { flight: Arc::downgrade(flight), runtime, end }));
        // If its time has come already, it is not used.
        let _ = timer.as_mut().poll(&mut Context::from_waker(&bell));
        Self { runtime, open, end, last: None, _timer: timer }
    }
}

impl Ticket {
    /// This member's turn. When it has waited for `limit` or a little more, it is [`Turn::Late`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the ticket passes the turn on.
    pub(crate) fn poll_turn(
        &mut self,
        limit: Option<Duration>,
        context: &mut Context<'_>,
    ) -> Poll<Turn> {
        let Self { flight, place, timer, .. } = self;
        if place.is_none() && timer.is_none() {
            if let Some(turn) = flight.turn_now() {
                return Poll::Ready(turn);
            }
            if let Some(limit) = limit {
                *place = flight.place_with_alarm(limit);
                *timer = place.is_none().then(|| Box::pin(sleep(limit)));
            }
        }
        if let Poll::Ready(turn) = flight.poll_turn(place, context) {
            *timer = None;
            return Poll::Ready(turn);
        }
        if let Some(own) = timer {
            ready!(own.as_mut().poll(context));
            *timer = None;
            place.take().into_iter().for_each(|place| flight.give_up(place));
            return Poll::Ready(Turn::Late);
        }
        Poll::Pending
    }
}

impl Flight {
    /// A place to wait at that an alarm knows of, if it is one in a crowd.
    fn place_with_alarm(self: &Arc<Self>, limit: Duration) -> Option<Place> {
        let runtime = Handle::try_current().ok()?.id();
        let mut state = self.state.lock();
        if state.crowd().arrivals() < FEW {
            return None;
        }
        let now = Instant::now();
        let is_open = |alarm: &Alarm| alarm.runtime == runtime && now <= alarm.open;
        if !state.crowd().alarms.iter().any(is_open) {
            drop(state);
            // Without the lock, which it takes when it rings. Two may set one each.
            let alarm = Alarm::new(self, runtime, now, limit);
            state = self.state.lock();
            // Until now, it can't have rung.
            if Instant::now() >= alarm.end {
                return None;
            }
            state.crowd().alarms.push(alarm);
        }
        let crowd = state.crowd();
        let place = crowd.next_place();
        let alarm = crowd.alarms.iter_mut().find(|alarm| is_open(alarm))?;
        alarm.last = Some(place);
        Some(place)
    }
}
