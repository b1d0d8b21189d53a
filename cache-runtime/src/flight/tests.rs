//! The rules of flights and tickets, one by one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;

use super::*;
use crate::entry::Entry;

mod barrier;
mod doubt;

fn key() -> Key {
    Key::from("user:42")
}

fn id(site: usize) -> FlightId {
    FlightId { site, ..FlightId::NOBODYS }
}

fn joining(site: usize) -> Joining {
    Joining { id: id(site), now: 0, oldest: 0, oldest_unheard: 0 }
}

fn join(flights: &Arc<Flights>, site: usize) -> (Ticket, Arc<Flight>) {
    match flights.join(&key(), joining(site), || None::<()>) {
        Joined::First(ticket) | Joined::Member(ticket) => {
            let flight = ticket.flight().clone();
            (ticket, flight)
        }
        Joined::Stored(()) => unreachable!("nothing is stored"),
    }
}

fn entry() -> Arc<Entry> {
    Entry::new(Some(1_u64), 1)
}

fn permit(flight: &Arc<Flight>) -> Permit {
    match flight.turn_now() {
        Some(Turn::Load(permit)) => permit,
        _ => panic!("it is not this member's turn"),
    }
}

fn poll(member: &mut Ticket) -> Poll<Turn> {
    member.poll_turn(None, &mut Context::from_waker(Waker::noop()))
}

#[test]
fn one_member_loads_and_the_others_get_its_value() {
    let flights = Flights::new();
    let (leader, flight) = join(&flights, 1);
    let (mut follower, same) = join(&flights, 1);
    assert!(Arc::ptr_eq(&flight, &same));
    let permit = permit(&flight);
    assert!(poll(&mut follower).is_pending());
    permit.land(Outcome::Loaded(entry()));
    assert!(matches!(poll(&mut follower), Poll::Ready(Turn::Landed)));
    assert!(matches!(same.outcome(), Some(Outcome::Loaded(_))));
    drop((leader, follower));
    assert_eq!(flights.len(), 0);
}

#[test]
fn call_sites_have_flights_of_their_own() {
    let flights = Flights::new();
    let (_one, first) = join(&flights, 1);
    let (_two, second) = join(&flights, 2);
    assert!(!Arc::ptr_eq(&first, &second));
}

#[test]
fn an_invalidation_voids_every_ticket_of_its_key_and_no_other() {
    let flights = Flights::new();
    let (load, _) = join(&flights, 1);
    let (other_site, _) = join(&flights, 2);
    let write = flights.ticket(&key());
    let other_key = flights.ticket(&Key::from("user:43"));
    let mut removed = false;
    flights.invalidate(&key(), || removed = true);
    assert!(removed);
    for ticket in [load, other_site, write] {
        assert!(!ticket.commit(|| unreachable!("void")));
        assert!(!ticket.commit_over(|| unreachable!("void")));
    }
    assert!(other_key.commit(|| {}));
}

#[test]
fn who_joins_after_an_invalidation_gets_a_new_flight_and_a_valid_ticket() {
    let flights = Flights::new();
    let (_old, before) = join(&flights, 1);
    flights.invalidate(&key(), || {});
    let (new, after) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&before, &after));
    assert!(new.commit(|| {}));
}

#[test]
fn a_void_ticket_stays_void_when_its_key_is_joined_again() {
    let flights = Flights::new();
    let (old, _) = join(&flights, 1);
    flights.invalidate(&key(), || {});
    let (new, _) = join(&flights, 1);
    drop(new);
    assert!(!old.commit(|| unreachable!("void")));
    drop(old);
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_write_voids_the_loads_that_began_before_it_stored() {
    let flights = Flights::new();
    let (load, _) = join(&flights, 1);
    let write = flights.ticket(&key());
    assert!(write.commit_over(|| {}));
    assert!(!load.commit(|| unreachable!("void")));
}

#[test]
fn a_flight_that_has_stored_is_joined_by_nobody() {
    let flights = Flights::new();
    let (leader, flight) = join(&flights, 1);
    permit(&flight).land(Outcome::Loaded(entry()));
    let (_late, same) = join(&flights, 1);
    assert!(Arc::ptr_eq(&flight, &same), "until it has stored, its value is had here");
    assert!(leader.commit(|| {}));
    assert!(matches!(flights.join(&key(), joining(1), || Some(7)), Joined::Stored(7)));
}

#[test]
fn after_a_permit_without_outcome_eight_load_beside_each_other() {
    let flights = Flights::new();
    let members: Vec<_> = (0..10).map(|_| join(&flights, 1)).collect();
    drop(permit(&members[0].1));
    let running: Vec<_> = members.iter().map_while(|(_, flight)| flight.turn_now()).collect();
    assert_eq!(running.len(), 8);
}

#[test]
fn the_first_to_land_serves_all_and_the_flight_stays_as_it_landed() {
    let flights = Flights::new();
    let (_ticket, flight) = join(&flights, 1);
    drop(permit(&flight));
    let (first, second) = (permit(&flight), permit(&flight));
    first.land(Outcome::Loaded(entry()));
    second.land(Outcome::Failed(Arc::new(())));
    assert!(matches!(flight.turn_now(), Some(Turn::Landed)));
    assert!(matches!(flight.outcome(), Some(Outcome::Loaded(_))));
}

#[test]
fn a_waiter_that_leaves_when_it_is_woken_passes_its_turn_on() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let flights = Flights::new();
    let (_ticket, flight) = join(&flights, 1);
    // All eight run, so that one place at a time becomes free.
    drop(permit(&flight));
    let mut running: Vec<_> = (0..8).map(|_| permit(&flight)).collect();
    let (mut leaves, _) = join(&flights, 1);
    assert!(poll(&mut leaves).is_pending());
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let (mut stays, _) = join(&flights, 1);
    assert!(stays.poll_turn(None, &mut Context::from_waker(&waker)).is_pending());
    running.pop();
    assert_eq!(count.0.load(Ordering::Relaxed), 0, "the first to come was woken");
    drop(leaves);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert!(matches!(poll(&mut stays), Poll::Ready(Turn::Load(_))));
}

#[test]
fn a_table_that_everybody_left_is_empty() {
    let flights = Flights::new();
    for _ in 0..300 {
        let (ticket, flight) = join(&flights, 1);
        let permit = permit(&flight);
        drop((ticket, permit));
    }
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_flight_is_joined_until_its_last_member_has_left() {
    let flights = Flights::new();
    let (first, flight) = join(&flights, 1);
    let mut crowd: Vec<_> = (0..3).map(|_| join(&flights, 1)).collect();
    drop(first);
    crowd.truncate(1);
    let (late, same) = join(&flights, 1);
    assert!(Arc::ptr_eq(&flight, &same));
    drop((crowd, late));
    assert_eq!(flights.len(), 0);
}

#[test]
fn who_is_the_last_to_stay_is_alone_in_the_flight() {
    let flights = Flights::new();
    let (mut stays, _) = join(&flights, 1);
    let crowd: Vec<_> = (0..3).map(|_| join(&flights, 1)).collect();
    assert!(!stays.leave_alone());
    drop(crowd);
    assert!(stays.leave_alone());
    assert_eq!(flights.len(), 0);
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Panics when it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a task of somebody else's")
    }
}

#[test]
fn one_whose_waker_panics_lets_nobody_else_wait() {
    let flights = Flights::new();
    let (_leader, flight) = join(&flights, 1);
    let permit = permit(&flight);
    let mut panics = join(&flights, 1).0;
    let waker = Waker::from(Arc::new(Panics));
    assert!(panics.poll_turn(None, &mut Context::from_waker(&waker)).is_pending());
    let count = Arc::new(Woken::default());
    let waker = Waker::from(count.clone());
    let mut waits = join(&flights, 1).0;
    assert!(waits.poll_turn(None, &mut Context::from_waker(&waker)).is_pending());
    let landing = AssertUnwindSafe(|| permit.land(Outcome::Loaded(entry())));
    let _ = catch_unwind(landing);
    assert_eq!(count.0.load(Relaxed), 1, "it waits for ever");
}
