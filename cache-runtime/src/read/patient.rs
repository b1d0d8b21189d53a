//! Waiting for another call's load, for as long as a load may take.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep_until};

use crate::flight::{Flight, Turn, Waiting};

/// The wait of one call for its turn. Of all that wait in a flight, one has a timer.
pub(super) struct Patient<'a> {
    waiting: Waiting<'a>,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<'a> Patient<'a> {
    pub(super) fn new(flight: &'a Arc<Flight>, limit: Duration) -> Self {
        Self { waiting: flight.turn(), limit, timer: None }
    }
}

impl Future for Patient<'_> {
    type Output = Turn;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        let Self { waiting, limit, timer } = &mut *self;
        if let Poll::Ready(turn) = Pin::new(&mut *waiting).poll(context) {
            return Poll::Ready(turn);
        }
        if !waiting.watches() {
            return Poll::Pending;
        }
        let timer = match timer {
            Some(timer) => timer,
            None => match waiting.deadline(*limit) {
                Some(deadline) => timer.insert(Box::pin(sleep_until(deadline))),
                None => return Poll::Pending,
            },
        };
        ready!(timer.as_mut().poll(context));
        waiting.give_up();
        Poll::Ready(Turn::Overdue)
    }
}
