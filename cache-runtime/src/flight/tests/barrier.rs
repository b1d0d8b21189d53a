//! Of writers that keep others from storing.

use super::*;

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
