//! Under every interleaving that the model checker tries, somebody looks at the time.

use std::any::TypeId;

use shuttle::future::block_on;
use shuttle::{check_pct, check_random, thread};

use super::*;

const ITERATIONS: usize = 3_000;

/// Some wait and leave while one stays: it is the one in the end, or it would be kept for ever by a
/// load that never ends.
fn one_stays() {
    let id =
        FlightId { site: 1, value: TypeId::of::<u64>(), version: 1, shape: "", exclusive: false };
    let flight = Flight::new(id, Vec::new());
    let load = flight.turn_now();
    let leavers: Vec<_> = (0..2)
        .map(|_| {
            let flight = flight.clone();
            thread::spawn(move || {
                let mut waiting = flight.turn();
                let mut context = Context::from_waker(Waker::noop());
                assert!(Pin::new(&mut waiting).poll(&mut context).is_pending());
                thread::yield_now();
            })
        })
        .collect();
    let mut waiting = flight.turn();
    block_on(poll_fn(|context| match Pin::new(&mut waiting).poll(context) {
        Poll::Pending if !waiting.watches() => Poll::Pending,
        _ => Poll::Ready(()),
    }));
    for leaver in leavers {
        leaver.join().unwrap_or_else(|_| panic!("a member that leaves panicked"));
    }
    drop(load);
}

#[test]
fn of_those_who_wait_one_looks_at_the_time() {
    check_random(one_stays, ITERATIONS);
    check_pct(one_stays, ITERATIONS, 3);
}
