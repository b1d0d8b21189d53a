//! Who of those that wait looks at the time.

use std::any::TypeId;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Wake;

use super::*;

fn flight() -> (Arc<Flight>, Permit) {
    let id =
        FlightId { site: 1, value: TypeId::of::<u64>(), version: 1, shape: "", exclusive: false };
    let flight = Flight::new(id, Vec::new());
    match flight.turn_now() {
        Some(Turn::Load(permit)) => (flight, permit),
        _ => panic!("it is the first member's turn"),
    }
}

#[derive(Default)]
struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A member that waits, and how often it was woken.
struct Member<'a> {
    waiting: Pin<Box<Waiting<'a>>>,
    alarm: Arc<Alarm>,
}

impl<'a> Member<'a> {
    fn of(flight: &'a Arc<Flight>) -> Self {
        let mut member = Self { waiting: Box::pin(flight.turn()), alarm: Arc::default() };
        assert!(member.poll().is_pending());
        member
    }

    fn poll(&mut self) -> Poll<Turn> {
        let waker = Waker::from(self.alarm.clone());
        self.waiting.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.alarm.0.load(Relaxed)
    }
}

#[test]
fn of_those_who_wait_one_looks_at_the_time() {
    let (flight, _permit) = flight();
    let crowd: Vec<_> = (0..3).map(|_| Member::of(&flight)).collect();
    let watching: Vec<_> = crowd.iter().map(|member| member.waiting.watches()).collect();
    assert_eq!(watching, [true, false, false]);
}

#[test]
fn one_that_looked_at_the_time_and_leaves_wakes_the_next_for_it() {
    let (flight, _permit) = flight();
    let [first, mut second, third] = [(); 3].map(|()| Member::of(&flight));
    drop(first);
    assert_eq!((second.woken(), third.woken()), (1, 0));
    assert!(second.poll().is_pending() && second.waiting.watches());
}

#[test]
fn one_that_was_to_look_at_the_time_and_leaves_wakes_the_next_for_it() {
    let (flight, _permit) = flight();
    let [first, second, mut third] = [(); 3].map(|()| Member::of(&flight));
    drop(first);
    drop(second);
    assert_eq!(third.woken(), 1);
    assert!(third.poll().is_pending() && third.waiting.watches());
}

#[test]
fn one_that_looked_at_the_time_and_loads_wakes_the_next_for_it() {
    let (flight, permit) = flight();
    let mut crowd: Vec<_> = (0..CROWD).map(|_| Member::of(&flight)).collect();
    let mut next = Member::of(&flight);
    drop(permit);
    let loading: Vec<_> = crowd.iter_mut().map(Member::poll).collect();
    assert!(loading.iter().all(|turn| matches!(turn, Poll::Ready(Turn::Load(_)))));
    assert!(next.woken() > 0);
    assert!(next.poll().is_pending() && next.waiting.watches());
}

#[test]
fn all_that_wait_until_the_first_gives_up_are_let_go() {
    let (flight, _permit) = flight();
    let [first, mut second] = [(); 2].map(|()| Member::of(&flight));
    first.waiting.give_up();
    assert_eq!(second.woken(), 1);
    assert!(matches!(second.poll(), Poll::Ready(Turn::Overdue)));
    let mut later = pin!(flight.turn());
    let later = later.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(later, Poll::Ready(Turn::Overdue)));
}

#[test]
fn the_time_is_the_first_one_s_until_nobody_waits() {
    let (flight, _permit) = flight();
    let limit = Duration::from_secs(30);
    let [first, second] = [(); 2].map(|()| Member::of(&flight));
    let deadline = first.waiting.deadline(limit);
    assert_eq!(second.waiting.deadline(limit * 2), deadline);
    drop((first, second));
    assert_ne!(Member::of(&flight).waiting.deadline(limit), deadline);
    assert_eq!(Member::of(&flight).waiting.deadline(Duration::MAX), None);
}

// What a review found.

/// The first to wait has long begun to load when the time that it would have waited until ends.
#[tokio::test(start_paused = true)]
async fn review_nobody_waits_until_the_deadline_of_one_who_has_left() {
    let (flight, permit) = flight();
    let limit = Duration::from_secs(60);
    let mut first = Member::of(&flight);
    first.waiting.deadline(limit);
    tokio::time::advance(Duration::from_secs(59)).await;
    let mut crowd: Vec<_> = (1..CROWD).map(|_| Member::of(&flight)).collect();
    let mut second = Member::of(&flight);
    drop(permit);
    let _load = first.poll();
    let _loads: Vec<_> = crowd.iter_mut().map(Member::poll).collect();
    assert!(second.poll().is_pending() && second.waiting.watches());
    let left = second.waiting.deadline(limit).unwrap() - Instant::now();
    assert_eq!(left, limit, "it came this moment, and so did the loads that it waits for");
}
