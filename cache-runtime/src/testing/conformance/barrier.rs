//! Barriers: who is in, for how long, and who was in beside.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::remote::{SHORT, Subject, TTL, answered, value};
use crate::error::ErrorKind;
use crate::remote::RemoteBackend;
use crate::remote::cell::new_lease;

const ONE: u64 = 0x00ff_0d0a_0000_0001;
const OTHER: u64 = u64::MAX;
const THIRD: u64 = 0;

pub(super) async fn all<R: RemoteBackend>(subject: impl Fn() -> Subject<R>) {
    raising(&subject()).await;
    sharing(&subject()).await;
    overlap_with_the_past(&subject()).await;
    holds(&subject()).await;
    staying(&subject()).await;
    leaving(&subject()).await;
    leaving_what_was_lost(&subject()).await;
    filling(&subject()).await;
    not_filling(&subject()).await;
    outliving(&subject()).await;
    what_is_no_barrier(&subject()).await;
}

/// What a barrier's cell says.
#[derive(Debug, PartialEq)]
struct Barrier {
    overlapped: bool,
    /// Each writer, with its deadline by the server's clock.
    places: Vec<(u64, u64)>,
}

impl Barrier {
    fn parse(cell: &Bytes) -> Self {
        let mut rest = cell.clone();
        assert!(rest.starts_with(b"\xC1B") && rest.len() % 16 == 3, "a barrier: {cell:?}");
        rest.advance(2);
        let overlapped = rest.get_u8();
        assert!(overlapped < 2, "the flag is a bit");
        let mut places = Vec::new();
        while rest.has_remaining() {
            places.push((rest.get_u64(), rest.get_u64()));
        }
        Self { overlapped: overlapped == 1, places }
    }

    fn writers(&self) -> Vec<u64> {
        self.places.iter().map(|(writer, _)| *writer).collect()
    }

    fn deadline(&self, of: u64) -> u64 {
        let place = self.places.iter().find(|(writer, _)| *writer == of);
        place.unwrap_or_else(|| panic!("writer {of} is in")).1
    }
}

impl<R: RemoteBackend> Subject<R> {
    async fn enter(&self, writer: u64, hold: Duration) {
        answered("enter", self.backend.enter(&self.key, writer, hold).await);
    }

    async fn stay(&self, writer: u64, hold: Duration) -> bool {
        answered("stay", self.backend.stay(&self.key, writer, hold).await)
    }

    async fn leave(&self, writer: u64) {
        answered("leave", self.backend.leave(&self.key, writer).await);
    }

    async fn leave_filled(&self, writer: u64, cell: &Bytes) -> bool {
        let left = self.backend.leave_filled(&self.key, writer, cell.clone(), TTL).await;
        answered("leave_filled", left)
    }

    async fn barrier(&self) -> Barrier {
        let cell = self.get().await;
        Barrier::parse(&cell.unwrap_or_else(|| panic!("a barrier is up")))
    }
}

async fn raising<R: RemoteBackend>(subject: &Subject<R>) {
    for cell in [None, Some(value()), Some(new_lease())] {
        if let Some(cell) = &cell {
            subject.plant(cell, SHORT).await;
        }
        subject.enter(ONE, TTL).await;
        let barrier = subject.barrier().await;
        assert_eq!((barrier.overlapped, barrier.writers()), (false, vec![ONE]), "over {cell:?}");
        let found = subject.get_or_set(&new_lease(), TTL).await;
        assert_eq!(found, subject.get().await, "no lease is had of a barrier");
        subject.leave(ONE).await;
        assert_eq!(subject.get().await, None, "the last one removes it");
    }
}

async fn sharing<R: RemoteBackend>(subject: &Subject<R>) {
    subject.enter(ONE, TTL).await;
    let first = subject.barrier().await;
    subject.enter(ONE, 2 * TTL).await;
    let again = subject.barrier().await;
    assert_eq!((again.overlapped, again.writers()), (false, vec![ONE]), "one is not two");
    assert!(again.deadline(ONE) >= first.deadline(ONE) + 60_000, "it gets a new deadline");

    subject.enter(OTHER, TTL).await;
    let both = subject.barrier().await;
    assert_eq!((both.overlapped, both.writers()), (true, vec![ONE, OTHER]), "two overlap");
    assert_eq!(both.deadline(ONE), again.deadline(ONE), "and leave each other alone");
    subject.enter(OTHER, TTL).await;
    assert_eq!(subject.barrier().await.writers(), [ONE, OTHER], "who repeats is in once");

    subject.leave(ONE).await;
    let left = subject.barrier().await;
    assert_eq!((left.overlapped, left.writers()), (true, vec![OTHER]), "overlap is remembered");
    subject.enter(OTHER, TTL).await;
    assert!(subject.barrier().await.overlapped, "by who repeats, too");
    subject.leave(OTHER).await;
    assert_eq!(subject.get().await, None, "the last one removes it");
}

/// A barrier of writers whose deadlines passed long ago.
fn past(writers: &[u64]) -> Bytes {
    let mut cell = BytesMut::from(&b"\xC1B\0"[..]);
    for writer in writers {
        cell.put_u64(*writer);
        cell.put_u64(1);
    }
    cell.freeze()
}

async fn overlap_with_the_past<R: RemoteBackend>(subject: &Subject<R>) {
    subject.plant(&past(&[ONE, THIRD]), TTL).await;
    subject.enter(OTHER, TTL).await;
    let barrier = subject.barrier().await;
    assert_eq!(barrier.writers(), [OTHER], "whose deadline has passed is taken out");
    assert!(barrier.overlapped, "and counts: its write may still come");
    subject.leave(OTHER).await;

    subject.plant(&past(&[ONE]), TTL).await;
    subject.enter(ONE, TTL).await;
    let barrier = subject.barrier().await;
    assert_eq!((barrier.overlapped, barrier.writers()), (false, vec![ONE]), "not to itself");
    subject.leave(ONE).await;

    subject.plant(&past(&[ONE, OTHER]), TTL).await;
    subject.leave(OTHER).await;
    assert_eq!(subject.get().await, None, "whose deadline has passed keeps no barrier up");
}

async fn holds<R: RemoteBackend>(subject: &Subject<R>) {
    subject.enter(ONE, SHORT).await;
    subject.until_absent().await;

    subject.enter(ONE, TTL).await;
    subject.enter(OTHER, SHORT).await;
    tokio::time::sleep(2 * SHORT).await;
    let barrier = subject.barrier().await;
    assert_eq!(barrier.writers(), [ONE, OTHER], "the longest hold keeps it up");
    subject.enter(ONE, SHORT).await;
    subject.until_absent().await;

    subject.enter(ONE, SHORT).await;
    subject.enter(OTHER, TTL).await;
    subject.leave(OTHER).await;
    subject.until_absent().await;

    subject.enter(ONE, Duration::ZERO).await;
    subject.until_absent().await;
    subject.enter(ONE, Duration::MAX).await;
    assert!(subject.get().await.is_some(), "the longest hold is long");
    subject.leave(ONE).await;
}

async fn staying<R: RemoteBackend>(subject: &Subject<R>) {
    assert!(!subject.stay(ONE, TTL).await, "nobody stays where there is no barrier");
    assert_eq!(subject.get().await, None, "and none is made");
    for cell in [value(), new_lease()] {
        subject.plant(&cell, TTL).await;
        assert!(!subject.stay(ONE, TTL).await, "a barrier that was lost is lost");
        assert_eq!(subject.get().await, Some(cell), "what came after it stays");
        subject.invalidate().await;
    }
    subject.enter(ONE, TTL).await;
    assert!(!subject.stay(OTHER, TTL).await, "who is not in does not stay");
    subject.enter(OTHER, TTL).await;
    let before = subject.barrier().await;
    assert!(subject.stay(ONE, 2 * TTL).await, "who is in does");
    let after = subject.barrier().await;
    assert!(after.deadline(ONE) >= before.deadline(ONE) + 60_000, "for longer");
    assert_eq!(after.deadline(OTHER), before.deadline(OTHER), "alone");
    assert_eq!((after.overlapped, after.writers()), (true, before.writers()));
    assert!(subject.stay(OTHER, SHORT).await && subject.stay(OTHER, SHORT).await, "repeated");
    subject.leave(OTHER).await;
    assert!(subject.stay(ONE, SHORT).await, "a hold is cut short too");
    subject.until_absent().await;

    subject.enter(ONE, SHORT).await;
    assert!(subject.stay(ONE, TTL).await);
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(subject.barrier().await.writers(), [ONE], "it outlives its first hold");
    subject.leave(ONE).await;
}

async fn leaving<R: RemoteBackend>(subject: &Subject<R>) {
    subject.enter(ONE, TTL).await;
    subject.enter(OTHER, TTL).await;
    let before = subject.get().await;
    subject.leave(THIRD).await;
    assert_eq!(subject.get().await, before, "who is not in changes nothing");
    subject.leave(ONE).await;
    subject.leave(ONE).await;
    assert_eq!(subject.barrier().await.writers(), [OTHER], "who repeats takes out nobody else");
    subject.leave(OTHER).await;
    assert_eq!(subject.get().await, None);
    subject.leave(OTHER).await;
    assert_eq!(subject.get().await, None, "nothing is made of nothing");
}

async fn leaving_what_was_lost<R: RemoteBackend>(subject: &Subject<R>) {
    for cell in [value(), new_lease()] {
        subject.plant(&cell, TTL).await;
        subject.leave(ONE).await;
        assert_eq!(subject.get().await, None, "what came after the barrier is invalidated");
    }
}

async fn filling<R: RemoteBackend>(subject: &Subject<R>) {
    let cell = value();
    subject.enter(ONE, TTL).await;
    subject.enter(ONE, TTL).await;
    assert!(subject.leave_filled(ONE, &cell).await, "who was alone fills");
    assert_eq!(subject.get().await, Some(cell.clone()));
    assert!(!subject.leave_filled(ONE, &cell).await, "once");
    assert_eq!(subject.get().await, None, "who repeats can't know what is there");
    assert!(!subject.leave_filled(ONE, &cell).await, "nothing is made of nothing");
    assert_eq!(subject.get().await, None);

    subject.enter(ONE, TTL).await;
    let left = subject.backend.leave_filled(&subject.key, ONE, cell, SHORT).await;
    assert!(answered("leave_filled", left));
    subject.until_absent().await;
}

async fn not_filling<R: RemoteBackend>(subject: &Subject<R>) {
    let cell = value();
    for order in [[ONE, OTHER], [OTHER, ONE]] {
        subject.enter(ONE, TTL).await;
        subject.enter(OTHER, TTL).await;
        for writer in order {
            assert!(!subject.leave_filled(writer, &cell).await, "none of two that overlapped");
        }
        assert_eq!(subject.get().await, None, "the last one removes the barrier");
    }
    subject.enter(ONE, TTL).await;
    subject.invalidate().await;
    assert!(!subject.leave_filled(ONE, &cell).await, "an invalidation overlaps");

    subject.enter(ONE, TTL).await;
    answered("clear", subject.backend.clear(&subject.key).await);
    assert!(!subject.leave_filled(ONE, &cell).await, "and so does a clear");

    subject.enter(ONE, TTL).await;
    subject.leave(OTHER).await;
    assert!(!subject.leave_filled(ONE, &cell).await, "and who has lost its own barrier");

    subject.plant(&past(&[OTHER]), TTL).await;
    subject.enter(ONE, TTL).await;
    assert!(!subject.leave_filled(ONE, &cell).await, "and whose hold has ended");
    assert_eq!(subject.get().await, None, "the barrier is down all the same");
}

async fn outliving<R: RemoteBackend>(subject: &Subject<R>) {
    subject.enter(ONE, TTL).await;
    subject.invalidate().await;
    let barrier = subject.get().await;
    let marked = subject.barrier().await;
    assert_eq!((marked.overlapped, marked.writers()), (true, vec![ONE]), "an invalidation counts");
    answered("clear", subject.backend.clear(&subject.key).await);
    let lease = new_lease();
    let replaced = subject.backend.replace(&subject.key, lease.clone(), value(), TTL).await;
    assert!(!answered("replace", replaced), "nothing is filled under a barrier");
    let released = subject.backend.release(&subject.key, lease).await;
    assert!(!answered("release", released));
    assert_eq!(subject.get().await, barrier, "a barrier outlives all that");
    subject.leave(ONE).await;
}

async fn what_is_no_barrier<R: RemoteBackend>(subject: &Subject<R>) {
    for bytes in [&b"{\"a\":1}"[..], b"\xC1", b"\xC1X0123456789abcdef", b"B", b""] {
        let bytes = Bytes::from_static(bytes);
        subject.plant(&bytes, SHORT).await;
        let entered = subject.backend.enter(&subject.key, ONE, TTL).await;
        let left = subject.backend.leave(&subject.key, ONE).await;
        let kinds = [entered, left].map(|answer| answer.map_err(|error| error.kind()));
        assert_eq!(kinds, [Err(ErrorKind::Foreign); 2], "foreign data is noticed: {bytes:?}");
        assert!(!subject.stay(ONE, TTL).await, "nobody is in it");
        assert_eq!(subject.get().await, Some(bytes), "and it is left alone");
        subject.until_absent().await;
    }
    let bytes = Bytes::from_static(b"\xC1B\0another shape");
    subject.plant(&bytes, SHORT).await;
    let entered = subject.backend.enter(&subject.key, ONE, TTL).await;
    let kind = entered.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::Foreign), "a barrier of another shape is noticed");
    assert!(!subject.stay(ONE, TTL).await);
    subject.leave(ONE).await;
    assert_eq!(subject.get().await, Some(bytes), "and left up");
    subject.until_absent().await;
}
