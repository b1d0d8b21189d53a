//! A refresh against an invalidation and against a put: the newer always wins, whichever step of the
//! refresh it meets.

use std::time::Duration;

use cache_runtime::invalidates;
use cache_runtime::testing::{Fault, Method};
use tokio::time::timeout;

use super::{Aged, DUE, STALE};

/// The steps of a refresh that ask the remote tier something.
const STEPS: [Method; 4] = [Method::GetOrSet, Method::Get, Method::Replace, Method::Holds];

/// Before the step has run, and after.
const SIDES: [Fault; 2] = [Fault::Hang, Fault::HoldReply];

impl Aged {
    /// Waits until `step` has been called.
    async fn called(&self, step: Method) {
        let called = timeout(Duration::from_secs(20), self.tiers.remote.called(step, 1)).await;
        assert!(called.is_ok(), "no refresh comes to {step:?}");
    }

    /// Begins a refresh that stands still at `step`; answers whether it ever comes there.
    async fn refresh_until(&self, step: Method, side: Fault) -> bool {
        let has_step = match self.tiers.name {
            "local" => false,
            "remote" => step != Method::Holds,
            _ => true,
        };
        if has_step {
            assert_eq!(self.read().await, Ok(1));
            // What the read has begun runs on this thread, once this task waits.
            self.tiers.remote.forget_calls();
            self.tiers.remote.once(step, side);
            self.called(step).await;
        }
        has_step
    }
}

#[tokio::test]
async fn an_invalidation_wins_at_each_step() {
    for (step, side) in STEPS.into_iter().flat_map(|step| SIDES.map(|side| (step, side))) {
        Aged::by_each([DUE, STALE], async |aged| {
            if aged.refresh_until(step, side).await {
                aged.source.update();
                aged.invalidate().await;
                aged.tiers.remote.heal();
                let read = aged.read().await;
                assert_eq!(read, Ok(2), "at {step:?}, {side:?}");
                assert_eq!(aged.read_later().await, Ok(2), "at {step:?}, {side:?}");
            }
        })
        .await;
    }
}

#[invalidates(entry = super::value(1), at = "around")]
async fn write<F: Future<Output = ()>>(body: F) {
    body.await;
}

#[tokio::test]
async fn under_a_barrier_nothing_is_loaded_in_the_background() {
    Aged::by_each([DUE, STALE], async |aged| {
        if aged.refresh_until(Method::GetOrSet, Fault::Hang).await {
            write(async {
                aged.tiers.remote.heal();
                aged.called(Method::Extend).await;
                assert_eq!(aged.loads(), 1);
                aged.source.update();
            })
            .await;
            assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 2));
        }
    })
    .await;
}

#[tokio::test]
async fn a_put_wins_at_each_step() {
    for (step, side) in STEPS.into_iter().flat_map(|step| SIDES.map(|side| (step, side))) {
        Aged::by_each([DUE, STALE], async |aged| {
            if aged.refresh_until(step, side).await {
                aged.source.update();
                aged.put(7).await;
                aged.tiers.remote.heal();
                aged.tiers.landed().await;
                let read = aged.read().await;
                // Of two fills at once neither may be left: then it is loaded anew.
                assert!(read == Ok(7) || read == Ok(2), "{read:?} at {step:?}, {side:?}");
                assert_eq!(aged.read_later().await, read, "at {step:?}, {side:?}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn an_invalidation_in_another_process_wins() {
    Aged::by_each([DUE, STALE], async |aged| {
        if aged.tiers.name == "local" {
            return;
        }
        let there = aged.tiers.elsewhere();
        let held = aged.source.hold();
        assert_eq!(aged.read().await, Ok(1));
        aged.source.entered(2).await;
        aged.source.update();
        there.invalidate(super::value::entry(&1).key()).await.unwrap();
        let reading = aged.reading();
        aged.source.entered(3).await;
        drop(held);
        assert_eq!(reading.await.unwrap(), Ok(2));
        assert_eq!((aged.read_later().await, aged.loads()), (Ok(2), 3));
    })
    .await;
}

#[tokio::test]
async fn what_another_process_has_invalidated_is_offered_to_nobody_while_both_load() {
    Aged::by_each([DUE, STALE], async |aged| {
        if !aged.refresh_until(Method::GetOrSet, Fault::Hang).await {
            return;
        }
        let (there, source) = (aged.tiers.another(), aged.source.clone());
        there.told().await;
        source.update();
        let held = source.hold();
        there.cache.invalidate(super::value::entry(&1).key()).await.unwrap();
        let loading = there.cache.scope(super::value(source.clone(), 1));
        let (loaded, read) = tokio::join!(loading, async {
            source.entered(2).await;
            // The refresh finds the lease of the other process, and loads beside it.
            aged.tiers.remote.heal();
            source.entered(3).await;
            let reading = aged.reading();
            tokio::task::yield_now().await;
            drop(held);
            reading.await.unwrap()
        });
        assert_eq!((loaded, read), (Ok(2), Ok(2)));
    })
    .await;
}
