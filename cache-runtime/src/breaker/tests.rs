#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use super::*;

struct Subject {
    breaker: Breaker,
    now: Arc<AtomicU64>,
}

impl Subject {
    fn new() -> Self {
        let now = Arc::new(AtomicU64::new(1_000));
        let breaker = Breaker::new(Clock::Fake(Arc::clone(&now)));
        Self { breaker, now }
    }

    fn open() -> Self {
        let subject = Self::new();
        subject.fail(CONSECUTIVE);
        assert!(subject.breaker.is_open());
        subject
    }

    fn fail(&self, times: u32) {
        for _ in 0..times {
            self.breaker.allow().unwrap().failure();
        }
    }

    fn succeed(&self, times: u32) {
        for _ in 0..times {
            self.breaker.allow().unwrap().success();
        }
    }

    fn advance(&self, millis: u64) {
        let by = Duration::from_millis(millis);
        self.now.fetch_add(crate::clock::millis(by), Ordering::Relaxed);
    }
}

#[test]
fn five_failures_in_a_row_open_it() {
    let subject = Subject::new();
    for _ in 0..3 {
        subject.fail(CONSECUTIVE - 1);
        subject.succeed(2 * CONSECUTIVE);
    }
    assert!(!subject.breaker.is_open());
    subject.fail(CONSECUTIVE);
    assert!(subject.breaker.is_open());
    assert!(subject.breaker.allow().is_none());
    assert_eq!((subject.breaker.opened(), subject.breaker.closed()), (1, 0));
}

#[test]
fn half_of_the_calls_failing_opens_it_once_there_are_enough() {
    let subject = Subject::new();
    for _ in 0..9 {
        subject.succeed(1);
        subject.fail(1);
    }
    subject.succeed(1);
    assert!(!subject.breaker.is_open());
    subject.fail(1);
    assert!(subject.breaker.is_open());
}

#[test]
fn a_third_of_the_calls_failing_does_not() {
    let subject = Subject::new();
    for _ in 0..1_000 {
        subject.succeed(2);
        subject.fail(1);
    }
    assert!(!subject.breaker.is_open());
}

#[test]
fn old_calls_are_forgotten() {
    let subject = Subject::new();
    subject.succeed(100);
    subject.advance(HALF_WINDOW);
    subject.succeed(1);
    for _ in 0..15 {
        subject.succeed(1);
        subject.fail(2);
    }
    assert!(!subject.breaker.is_open(), "a hundred successes still count");
    subject.advance(HALF_WINDOW);
    subject.fail(1);
    assert!(subject.breaker.is_open(), "and then no more");

    let subject = Subject::new();
    subject.succeed(7);
    for failures in [4, 4, 1] {
        subject.fail(failures);
        subject.succeed(1);
    }
    subject.advance(2 * HALF_WINDOW);
    subject.fail(1);
    assert!(!subject.breaker.is_open(), "nine failures are long ago");
}

#[test]
fn a_probe_goes_every_quarter_second_one_at_a_time_and_a_good_one_closes() {
    let subject = Subject::open();
    subject.advance(PROBE_EVERY - 1);
    assert!(subject.breaker.allow().is_none());
    subject.advance(1);
    let probe = subject.breaker.allow().unwrap();
    assert!(subject.breaker.allow().is_none());
    probe.failure();
    assert!(subject.breaker.allow().is_none());
    subject.advance(PROBE_EVERY);
    subject.breaker.allow().unwrap().success();
    assert!(!subject.breaker.is_open());
    assert_eq!((subject.breaker.opened(), subject.breaker.closed()), (1, 1));
    subject.succeed(100);
}

#[test]
fn a_probe_whose_caller_went_away_leaves_its_place_to_the_next() {
    let subject = Subject::open();
    subject.advance(PROBE_EVERY);
    drop(subject.breaker.allow().unwrap());
    let next = subject.breaker.allow().unwrap();
    assert!(subject.breaker.allow().is_none());
    next.success();
    assert!(!subject.breaker.is_open());
}

#[test]
fn a_call_whose_caller_went_away_does_not_count() {
    let subject = Subject::new();
    subject.fail(CONSECUTIVE - 1);
    for _ in 0..100 {
        drop(subject.breaker.allow().unwrap());
    }
    assert!(!subject.breaker.is_open());
    subject.fail(1);
    assert!(subject.breaker.is_open());
}

#[test]
fn what_was_let_through_before_it_opened_neither_closes_nor_reopens_it() {
    let subject = Subject::new();
    let mut early: Vec<_> = (0..20).map(|_| subject.breaker.allow().unwrap()).collect();
    let good = early.split_off(10);
    subject.fail(CONSECUTIVE);
    good.into_iter().for_each(Permit::success);
    assert!(subject.breaker.is_open());
    subject.advance(PROBE_EVERY);
    subject.breaker.allow().unwrap().success();
    early.into_iter().for_each(Permit::failure);
    assert!(!subject.breaker.is_open());
}

#[test]
fn what_a_probe_of_an_earlier_life_says_is_no_news() {
    let subject = Subject::open();
    subject.advance(PROBE_EVERY);
    let stalled = subject.breaker.allow().unwrap();
    subject.advance(STALLED);
    subject.succeed(1);
    assert!(!subject.breaker.is_open());
    subject.fail(CONSECUTIVE);
    assert!(subject.breaker.is_open());
    stalled.success();
    assert!(subject.breaker.is_open(), "it was answered before all of that failed");
}

#[test]
fn one_that_has_stalled_lets_none_go_beside_another_as_it_is_dropped() {
    let subject = Subject::open();
    subject.advance(PROBE_EVERY);
    let stalled = subject.breaker.allow().unwrap();
    subject.advance(STALLED);
    let _probe = subject.breaker.allow().unwrap();
    drop(stalled);
    assert!(subject.breaker.allow().is_none(), "one at a time");
}
