//! Of what becomes of flights whose remote cell has changed.

use super::*;

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
    let mut loads = permit(&flight);
    loads.saw(Some(cell("lease")));
    flights.doubt_all();
    let (second, _) = join(&flights, 1);
    loads.land(Outcome::Loaded(entry()));
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

#[test]
fn one_that_has_merged_into_another_is_no_answer_to_who_that_one_waits_for() {
    let flights = Flights::new();
    let (mut first, one) = join(&flights, 1);
    one.saw(None, Some(cell("lease")));
    flights.doubt_all();
    let (second, other) = join(&flights, 1);
    // Both have looked, and look again.
    other.saw(None, Some(cell("lease")));
    first.renew(0);
    assert!(matches!(first.resume(&cell("lease"), 0, None), Some(Resumed::Joinable)));
    permit(&one).land(Outcome::Merged);
    let resumed = second.resume(&cell("lease"), 0, None);
    assert!(
        !matches!(resumed, Some(Resumed::Landed(Outcome::Merged))),
        "each of the two waits for the other"
    );
}

#[test]
fn a_member_that_begins_anew_makes_no_flight_joinable_that_another_has_landed() {
    let flights = Flights::new();
    let (first, flight) = join(&flights, 1);
    let (mut second, _) = join(&flights, 1);
    let (_third, _) = join(&flights, 1);
    permit(&flight).give_up(); // now all may load
    drop(first);
    let loads = permit(&flight);
    let _looks = permit(&flight);
    loads.land(Outcome::Loaded(entry())); // it is about to be filled
    flights.doubt_all();
    second.renew(0);
    let (_reader, joined) = join(&flights, 1);
    assert!(!Arc::ptr_eq(&joined, &flight), "its load began before the change");
}

#[test]
fn what_one_load_sees_anew_says_nothing_of_another_one_that_saw_the_same_before() {
    let flights = Flights::new();
    let (first, flight) = join(&flights, 1);
    let (_second, _) = join(&flights, 1);
    permit(&flight).give_up(); // now all may load
    drop(first);
    let (mut loads, mut looks) = (permit(&flight), permit(&flight));
    loads.saw(Some(cell("lease")));
    looks.saw(Some(cell("lease")));
    looks.saw(Some(cell("another")));
    flights.doubt_all();
    let (ticket, _) = join(&flights, 1);
    assert!(ticket.resume(&cell("another"), 0, None).is_none());
    loads.land(Outcome::Loaded(entry()));
    assert!(ticket.resume(&cell("another"), 0, None).is_none(), "it began before");
}

#[test]
fn what_one_load_saw_that_has_left_says_nothing_of_another_one() {
    let flights = Flights::new();
    let (_first, flight) = join(&flights, 1);
    let mut leaves = permit(&flight);
    leaves.saw(Some(cell("lease")));
    leaves.give_up();
    let _looks = permit(&flight);
    flights.doubt_all();
    let (ticket, _) = join(&flights, 1);
    assert!(ticket.resume(&cell("lease"), 0, None).is_none());
}

#[test]
fn what_is_seen_after_a_flight_has_landed_changes_nothing_of_what_that_saw() {
    let flights = Flights::new();
    let (_first, flight) = join(&flights, 1);
    permit(&flight).give_up(); // now several may load
    let (mut loads, mut looks) = (permit(&flight), permit(&flight));
    loads.saw(Some(cell("lease")));
    loads.land(Outcome::Loaded(entry()));
    looks.saw(Some(cell("another")));
    flights.doubt_all();
    let (ticket, _) = join(&flights, 1);
    assert!(ticket.resume(&cell("another"), 0, None).is_none());
    assert!(matches!(ticket.resume(&cell("lease"), 0, None), Some(Resumed::Joinable)));
}
