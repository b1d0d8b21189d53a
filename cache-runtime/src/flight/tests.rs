//! The rules of flights and tickets, one by one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;

use super::*;
use crate::entry::Entry;

fn key() -> Key {
    Key::from("user:42")
}

fn id(site: usize) -> FlightId {
    FlightId {
        site,
        value: TypeId::of::<u64>(),
        version: 1,
        shape: "",
        exclusive: false,
        alone: false,
        stale: 0,
    }
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

fn cell(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[test]
fn a_flight_in_doubt_is_joined_by_nobody_and_stores_nothing() {
    let flights = Flights::new();
    let (ticket, flight) = join(&flights, 1);
    let mut removed = false;
    flights.doubt(&key(), || removed = true);
    assert!(removed);
    let (_other, another) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&flight, &another));
    assert!(!ticket.commit(|| panic!("its remote cell has changed")));
    assert!(ticket.is_valid(), "this process has not invalidated the key");
}

#[test]
fn a_flight_is_joined_again_once_the_cell_it_saw_is_seen_to_stand() {
    let flights = Flights::new();
    let (_first, flight) = join(&flights, 1);
    flight.saw(None, Some(cell("lease")));
    flights.doubt_all();
    let (second, newer) = join(&flights, 1);
    assert!(second.resume(&cell("another"), 0, None).is_none());
    assert!(matches!(second.resume(&cell("lease"), 0, None), Some(Resumed::Joinable)));
    let (_third, joined) = join(&flights, 1);
    assert!(Arc::ptr_eq(&joined, &flight) && !Arc::ptr_eq(&joined, &newer));
}

#[test]
fn a_flight_that_landed_in_doubt_serves_who_saw_its_cell_stand() {
    let flights = Flights::new();
    let (first, flight) = join(&flights, 1);
    flight.saw(None, Some(cell("lease")));
    flights.doubt_all();
    let (second, _) = join(&flights, 1);
    permit(&flight).land(Outcome::Loaded(entry()));
    first.detach();
    drop(first);
    assert!(second.resume(&cell("another"), 0, None).is_none());
    let resumed = second.resume(&cell("lease"), 0, None);
    assert!(matches!(resumed, Some(Resumed::Landed(Outcome::Loaded(_)))));
}

#[test]
fn a_flight_whose_loads_saw_different_cells_is_not_joined_again() {
    for (first, second) in [(Some("lease"), Some("another")), (Some("lease"), None)] {
        let flights = Flights::new();
        let (_first, flight) = join(&flights, 1);
        flight.saw(None, first.map(cell));
        flight.saw(None, second.map(cell));
        flights.doubt_all();
        let (ticket, _) = join(&flights, 1);
        assert!(ticket.resume(&cell("lease"), 0, None).is_none());
        assert!(ticket.resume(&cell("another"), 0, None).is_none());
    }
}

#[test]
fn a_load_that_saw_another_cell_than_it_asked_for_goes_by_that() {
    let flights = Flights::new();
    let (_first, flight) = join(&flights, 1);
    flight.saw(None, Some(cell("mine")));
    flight.saw(Some(&cell("mine")), Some(cell("theirs")));
    flights.doubt_all();
    let (ticket, _) = join(&flights, 1);
    assert!(ticket.resume(&cell("mine"), 0, None).is_none());
    assert!(ticket.resume(&cell("theirs"), 0, None).is_some());
}

#[test]
fn a_flight_that_was_last_certain_too_long_ago_is_left_to_itself() {
    let flights = Flights::new();
    let (_first, flight) = join(&flights, 1);
    let later = Joining { now: 10, oldest: 5, ..joining(1) };
    let Joined::First(second) = flights.join(&key(), later, || None::<()>) else {
        panic!("nothing is stored");
    };
    assert!(!Arc::ptr_eq(&flight, second.flight()));
}

#[test]
fn a_renewed_ticket_stores_and_its_flight_is_joined() {
    let flights = Flights::new();
    let (mut ticket, flight) = join(&flights, 1);
    flights.doubt_all();
    ticket.renew(0);
    let (_other, same) = join(&flights, 1);
    assert!(Arc::ptr_eq(&flight, &same));
    assert!(ticket.commit(|| {}));
    flights.invalidate(&key(), || {});
    ticket.renew(0);
    assert!(!ticket.commit(|| panic!("this process has invalidated the key")));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn who_waits_for_a_change_is_woken_by_the_first_one() {
    let flights = Flights::new();
    let ticket = flights.ticket(&key());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    let mut changed = pin!(ticket.changed());
    assert!(changed.as_mut().poll(&mut context).is_pending());
    flights.invalidate(&key(), || {});
    assert!(changed.as_mut().poll(&mut context).is_pending());
    assert_eq!(woken.0.load(Relaxed), 0);
    flights.doubt(&key(), || {});
    assert_eq!(woken.0.load(Relaxed), 1);
    assert!(changed.poll(&mut context).is_ready());
}

#[test]
fn a_barrier_voids_what_began_before_it() {
    let flights = Flights::new();
    let (load, flight) = join(&flights, 1);
    let write = flights.ticket(&key());
    let mut removed = false;
    let barrier = flights.enter(&key(), || removed = true);
    assert!(removed);
    let (_, after) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&flight, &after), "its flight is joined by nobody");
    drop(barrier);
    for ticket in [load, write] {
        assert!(!ticket.commit(|| unreachable!("void")));
        assert!(!ticket.commit_over(|| unreachable!("void")));
    }
    assert_eq!(flights.len(), 0);
}

#[test]
fn nothing_is_stored_until_the_last_writer_has_left() {
    let flights = Flights::new();
    let first = flights.enter(&key(), || {});
    let second = flights.enter(&key(), || {});
    for barrier in [Some(first), Some(second)] {
        let (load, _) = join(&flights, 1);
        assert!(load.is_barred());
        assert!(!load.commit(|| unreachable!("a barrier is up")));
        assert!(!flights.ticket(&key()).commit_over(|| unreachable!("a barrier is up")));
        drop(barrier);
    }
    let (load, _) = join(&flights, 1);
    assert!(!load.is_barred() && load.commit(|| {}));
}

#[test]
fn what_began_under_a_barrier_is_not_stored_after_it() {
    let flights = Flights::new();
    let barrier = flights.enter(&key(), || {});
    let (load, under) = join(&flights, 1);
    drop(barrier);
    assert!(!load.commit(|| unreachable!("void")));
    let (_new, after) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&under, &after));
}

#[test]
fn a_flight_that_a_barrier_kept_from_storing_is_joined_by_nobody() {
    let flights = Flights::new();
    let _barrier = flights.enter(&key(), || {});
    let (load, flight) = join(&flights, 1);
    let (_follower, same) = join(&flights, 1);
    assert!(Arc::ptr_eq(&flight, &same), "loads are still shared");
    assert!(!load.commit(|| unreachable!("a barrier is up")));
    let (_late, next) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&flight, &next));
}

#[test]
fn a_barrier_outlives_the_tickets_of_its_key_and_bars_no_other() {
    let flights = Flights::new();
    let barrier = flights.enter(&key(), || {});
    drop(join(&flights, 1));
    assert!(flights.ticket(&key()).is_barred());
    assert!(flights.ticket(&Key::from("user:43")).commit(|| {}));
    assert_eq!(flights.len(), 1, "its own");
    drop(barrier);
    assert_eq!(flights.len(), 0);
}

#[test]
fn what_was_offered_before_a_change_is_offered_to_nobody_after_it() {
    let flights = Flights::new();
    let (mut leader, flight) = join(&flights, 1);
    let _permit = permit(&flight);
    leader.offer(&entry(), 0);
    assert!(matches!(flight.turn_now(), Some(Turn::AtHand(..))));
    flights.doubt_all();
    leader.offer(&entry(), 0);
    leader.renew(0);
    let (_reader, joined) = join(&flights, 1);
    assert!(Arc::ptr_eq(&joined, &flight));
    assert!(joined.turn_now().is_none(), "it waits for the load");
    leader.offer(&entry(), 0);
    assert!(matches!(joined.turn_now(), Some(Turn::AtHand(..))));
}

#[test]
fn a_change_keeps_a_member_from_offering_what_it_has_seen_before() {
    let flights = Flights::new();
    let (leader, flight) = join(&flights, 1);
    let _permit = permit(&flight);
    flights.doubt_all();
    leader.offer(&entry(), 0);
    assert!(flight.offers_since().is_none());
}

#[test]
fn a_flight_that_is_joined_again_offers_what_was_seen_to_stand() {
    for at_hand in [None, Some(entry())] {
        let flights = Flights::new();
        let (first, flight) = join(&flights, 1);
        let _permit = permit(&flight);
        first.offer(&entry(), 0);
        flight.saw(None, Some(cell("value")));
        flights.doubt_all();
        let (second, _) = join(&flights, 1);
        let resumed = second.resume(&cell("value"), 0, at_hand.as_ref());
        assert!(matches!(resumed, Some(Resumed::Joinable)));
        let (_third, joined) = join(&flights, 1);
        match (joined.turn_now(), at_hand) {
            (Some(Turn::AtHand(offered, _)), Some(seen)) => assert!(Arc::ptr_eq(&offered, &seen)),
            (turn, at_hand) => assert!(turn.is_none() && at_hand.is_none()),
        }
    }
}

#[test]
fn a_member_that_begins_anew_makes_no_flight_joinable_in_which_another_loads() {
    let flights = Flights::new();
    let (first, flight) = join(&flights, 1);
    let (mut second, _) = join(&flights, 1);
    let (third, _) = join(&flights, 1);
    permit(&flight).give_up(); // now all may load
    drop(first);
    let loads = permit(&flight);
    let _looks = permit(&flight);
    flights.doubt_all();
    second.renew(0);
    let (_reader, joined) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&joined, &flight), "one of its loads began before the change");
    assert!(second.commit(|| {}), "the member that looks again may store what it finds");
    loads.land(Outcome::Loaded(entry()));
    drop(third);
}

#[test]
fn a_writer_that_was_alone_stores_as_it_leaves() {
    let flights = Flights::new();
    let barrier = flights.enter(&key(), || {});
    let (load, under) = join(&flights, 1);
    let mut stored = false;
    assert!(barrier.leave_with(|| stored = true));
    assert!(stored);
    assert!(!load.commit(|| unreachable!("it began under the barrier")));
    let (_, after) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&under, &after));
    drop(load);
    assert_eq!(flights.len(), 0);
}

#[test]
fn of_writers_that_overlapped_none_stores() {
    let flights = Flights::new();
    for first_in_first_out in [true, false] {
        let first = flights.enter(&key(), || {});
        let second = flights.enter(&key(), || {});
        let order = if first_in_first_out { [first, second] } else { [second, first] };
        for barrier in order {
            assert!(!barrier.leave_with(|| unreachable!("another one was in")));
        }
        assert_eq!(flights.len(), 0);
    }
}

#[test]
fn a_writer_that_an_invalidation_overtook_stores_nothing() {
    let flights = Flights::new();
    let barrier = flights.enter(&key(), || {});
    flights.invalidate(&key(), || {});
    assert!(!barrier.leave_with(|| unreachable!("somebody else has written")));
    assert!(flights.enter(&key(), || {}).leave_with(|| {}), "the next one is alone again");
}

/// What is stored may evict a value whose `Drop` panics.
#[test]
fn a_writer_leaves_once_although_what_it_stores_panics() {
    let flights = Flights::new();
    let barrier = flights.enter(&key(), || {});
    let panics = AssertUnwindSafe(|| barrier.leave_with(|| panic!("as a value is dropped")));
    assert!(catch_unwind(panics).is_err());
    assert_eq!(flights.len(), 0);
    assert!(!flights.ticket(&key()).is_barred());
}

/// The same of what is removed.
#[test]
fn a_barrier_whose_writer_can_not_enter_is_not_up() {
    let flights = Flights::new();
    let panics = AssertUnwindSafe(|| flights.enter(&key(), || panic!("as a value is dropped")));
    assert!(catch_unwind(panics).is_err());
    assert_eq!(flights.len(), 0);
    assert!(!flights.ticket(&key()).is_barred());
}

/// Two reads of a task have one waker.
#[test]
fn one_that_waits_for_a_change_no_more_lets_others_of_its_task_wait() {
    let flights = Flights::new();
    let ticket = flights.ticket(&key());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    let mut first = Box::pin(ticket.changed());
    let mut second = pin!(ticket.changed());
    for _ in 0..2 {
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
    }
    drop(first);
    flights.doubt(&key(), || {});
    assert_eq!(woken.0.load(Relaxed), 1);
    assert!(second.poll(&mut context).is_ready());
}
