//! One truth across processes: what one of them changes, the local tiers of the others follow.
//!
//! Two caches on one store in memory are the two processes; it tells changes before it answers who
//! makes them, unless a test holds or cuts the feed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use cache_runtime::testing::{Fault, Method, Probe};
use cache_runtime::{ErrorKind, cached, invalidates};
use cache_tests::{Source, Tiers, eventually, poll_once};
use tokio::task::JoinHandle;

/// The key of the tests, as the remote tier knows it.
const NAME: &str = "test:version:1";

const DISCONNECTED: Duration = Duration::from_secs(5);

#[cached(key = "version:<id>", ttl = 3600)]
async fn version(source: Source, id: u64) -> u64 {
    source.load().await
}

#[cached(key = "version:<id>", ttl = 3600, lock = true)]
async fn version_with_lock(source: Source, id: u64) -> u64 {
    source.load().await
}

#[invalidates(key = "version:<id>")]
async fn update(source: &Source, id: u64) -> u64 {
    source.update()
}

impl Process {
    async fn pair() -> (Self, Self, Source) {
        let here = Tiers::new("both");
        let there = here.another();
        here.told().await;
        there.told().await;
        let source = Source::new();
        let process = |tiers| Self { tiers, source: source.clone() };
        (process(here), process(there), source.clone())
    }

    async fn read(&self) -> u64 {
        self.tiers.cache.scope(version(self.source.clone(), 1)).await
    }

    async fn read_with_lock(&self) -> u64 {
        self.tiers.cache.scope(version_with_lock(self.source.clone(), 1)).await
    }

    fn reading(&self) -> JoinHandle<u64> {
        let (cache, source) = (self.tiers.cache.clone(), self.source.clone());
        tokio::spawn(async move { cache.scope(version(source, 1)).await })
    }

    fn reading_with_lock(&self) -> JoinHandle<u64> {
        let (cache, source) = (self.tiers.cache.clone(), self.source.clone());
        tokio::spawn(async move { cache.scope(version_with_lock(source, 1)).await })
    }

    async fn update(&self) -> u64 {
        self.tiers.cache.scope(update(&self.source, 1)).await
    }

    /// Reads until the local tier serves it.
    async fn warm(&self) -> u64 {
        let version = self.read().await;
        eventually(Duration::from_secs(5), || async { self.is_local().await }).await;
        version
    }

    /// Whether a read is served without a question to the remote tier, and without a load.
    async fn is_local(&self) -> bool {
        self.tiers.landed().await;
        let loads = self.source.loads();
        self.tiers.remote.forget_calls();
        self.read().await;
        self.tiers.remote.calls().is_empty() && self.source.loads() == loads
    }

    /// Ends the feed until [`mend`](Self::mend).
    async fn cut(&self) {
        self.tiers.remote.on(Method::Follow, Fault::Fail(ErrorKind::Unavailable));
        let lost = || async { self.tiers.cache.stats().feed_lost == 1 };
        eventually(Duration::from_secs(5), lost).await;
    }

    async fn mend(&self) {
        self.tiers.remote.heal();
        self.tiers.told().await;
    }
}

struct Process {
    tiers: Tiers,
    source: Source,
}

#[tokio::test]
async fn a_value_that_was_filled_is_read_back_into_the_local_tier() {
    let (here, _, _) = Process::pair().await;
    assert_eq!(here.warm().await, 1);
    assert_eq!(here.source.loads(), 1);
}

#[tokio::test]
async fn an_invalidation_reaches_the_local_tier_of_another_process() {
    let (here, there, _) = Process::pair().await;
    assert_eq!((here.warm().await, there.warm().await), (1, 1));
    here.update().await;
    assert_eq!((there.read().await, here.read().await), (2, 2));
}

#[tokio::test]
async fn a_delete_by_another_program_reaches_the_local_tier() {
    let (here, _, source) = Process::pair().await;
    here.warm().await;
    source.update();
    here.tiers.cells.delete(NAME);
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_fill_and_a_delete_that_are_told_together_leave_nothing_local() {
    let (here, _, source) = Process::pair().await;
    here.tiers.cells.hold_changes();
    assert_eq!(here.read().await, 1);
    source.update();
    here.tiers.cells.delete(NAME);
    here.tiers.cells.tell_changes();
    here.tiers.landed().await;
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_value_read_before_an_invalidation_elsewhere_is_not_stored_after_it() {
    let (here, there, _) = Process::pair().await;
    there.read().await;
    here.tiers.remote.once(Method::GetOrSet, Fault::HoldReply);
    here.tiers.remote.forget_calls();
    let old = here.reading();
    here.tiers.remote.called(Method::GetOrSet, 1).await;
    there.update().await;
    here.tiers.remote.heal();
    assert_eq!(old.await.unwrap(), 1, "it began before");
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn nobody_joins_a_load_that_began_before_an_invalidation_elsewhere() {
    for lock in [false, true] {
        let (here, there, source) = Process::pair().await;
        let held = source.hold();
        let old = if lock { here.reading_with_lock() } else { here.reading() };
        source.entered(1).await;
        there.update().await;
        let new = if lock { here.reading_with_lock() } else { here.reading() };
        source.entered(2).await;
        drop(held);
        assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2), "lock: {lock}");
        assert_eq!((here.read().await, there.read().await), (2, 2), "lock: {lock}");
    }
}

#[tokio::test]
async fn a_load_whose_lease_stands_is_joined_although_it_was_told_of() {
    for lock in [false, true] {
        let (here, _, source) = Process::pair().await;
        let held = source.hold();
        let first = if lock { here.reading_with_lock() } else { here.reading() };
        source.entered(1).await;
        let others: Vec<_> =
            (0..10).map(|_| if lock { here.reading_with_lock() } else { here.reading() }).collect();
        // All have asked whether the lease stands, or wait for who has.
        let asked = || async { here.tiers.remote.methods().len() >= 2 };
        eventually(Duration::from_secs(5), asked).await;
        drop(held);
        for read in others {
            assert_eq!(read.await.unwrap(), 1);
        }
        assert_eq!((first.await.unwrap(), source.loads()), (1, 1), "lock: {lock}");
    }
}

#[tokio::test]
async fn a_load_beside_another_process_is_one_a_process_without_lock() {
    let (here, there, source) = Process::pair().await;
    let held = source.hold();
    let first = there.reading();
    source.entered(1).await;
    let second = here.reading();
    source.entered(2).await;
    // The lease of the one is told to the other, again.
    let lease = here.tiers.cells.cell(NAME).unwrap();
    here.tiers.cells.plant(NAME, lease, Duration::from_secs(10));
    let third = here.reading();
    let asked = || async { here.tiers.remote.methods().len() >= 2 };
    eventually(Duration::from_secs(5), asked).await;
    drop(held);
    for read in [first, second, third] {
        assert_eq!(read.await.unwrap(), 1);
    }
    assert_eq!(source.loads(), 2);
}

#[tokio::test]
async fn who_waits_for_a_lease_is_woken_by_the_fill() {
    let (here, there, source) = Process::pair().await;
    let held = source.hold();
    let owner = there.reading_with_lock();
    source.entered(1).await;
    let begun = Instant::now();
    let waiter = here.reading_with_lock();
    let waits = || async { here.tiers.cache.stats().lease_waits == 1 };
    eventually(Duration::from_secs(5), waits).await;
    drop(held);
    assert_eq!((owner.await.unwrap(), waiter.await.unwrap()), (1, 1));
    assert_eq!(source.loads(), 1);
    // One look at first, one when told, and one each 250 ms at most in between.
    let looks = here.tiers.remote.methods().len();
    let most = 2 + begun.elapsed().as_millis() as usize / 250;
    assert!(looks <= most, "{looks} looks, {most} expected");
}

#[tokio::test]
async fn what_a_reader_waited_for_is_in_its_local_tier() {
    let (here, there, source) = Process::pair().await;
    let held = source.hold();
    let owner = there.reading_with_lock();
    source.entered(1).await;
    let waiter = here.reading_with_lock();
    let waits = || async { here.tiers.cache.stats().lease_waits == 1 };
    eventually(Duration::from_secs(5), waits).await;
    drop(held);
    assert_eq!((owner.await.unwrap(), waiter.await.unwrap()), (1, 1));
    assert!(here.is_local().await);
}

#[tokio::test]
async fn a_value_too_large_for_the_remote_tier_is_cached_while_cut_off_alone() {
    let tiers = Tiers::built("both", |builder| builder.max_value_bytes(0));
    tiers.told().await;
    let here = Process { tiers, source: Source::new() };
    here.read().await;
    assert!(!here.is_local().await);
    here.cut().await;
    assert_eq!(here.warm().await, 1);
    here.source.update();
    here.tiers.clock.advance(Duration::from_millis(4_999));
    assert!(here.is_local().await);
    here.tiers.clock.advance(Duration::from_millis(1));
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn what_the_remote_tier_has_no_room_for_is_not_kept_while_others_may_invalidate_it() {
    for method in [Method::GetOrSet, Method::Replace] {
        let (here, there, _) = Process::pair().await;
        here.tiers.remote.once(method, Fault::Fail(ErrorKind::Full));
        assert_eq!(here.read().await, 1);
        there.update().await;
        assert_eq!(here.read().await, 2, "{method:?}");
    }
}

#[tokio::test]
async fn without_a_feed_an_entry_is_served_for_the_disconnected_ttl() {
    let (here, there, _) = Process::pair().await;
    here.warm().await;
    here.cut().await;
    there.update().await;
    here.tiers.clock.advance(Duration::from_millis(4_999));
    assert_eq!(here.read().await, 1, "nobody could tell it");
    here.tiers.clock.advance(Duration::from_millis(1));
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn an_entry_from_before_a_gap_is_not_served_after_it() {
    let (here, there, _) = Process::pair().await;
    here.warm().await;
    here.cut().await;
    there.update().await;
    here.mend().await;
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn an_entry_from_within_a_gap_is_not_served_after_it() {
    let (here, there, _) = Process::pair().await;
    here.cut().await;
    assert_eq!(here.warm().await, 1);
    there.update().await;
    assert_eq!(here.read().await, 1, "nobody could tell it");
    here.mend().await;
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_load_from_before_the_feed_was_armed_is_neither_joined_nor_stored_after_it() {
    let (here, there, source) = Process::pair().await;
    here.cut().await;
    let held = source.hold();
    let old = here.reading();
    source.entered(1).await;
    there.update().await;
    here.mend().await;
    let new = here.reading();
    source.entered(2).await;
    drop(held);
    assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2));
    here.tiers.landed().await;
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_value_loaded_in_a_gap_lives_for_the_disconnected_ttl_since_its_load_began() {
    let (here, there, source) = Process::pair().await;
    here.cut().await;
    let held = source.hold();
    let load = here.reading();
    source.entered(1).await;
    here.tiers.clock.advance(Duration::from_secs(4));
    drop(held);
    assert_eq!(load.await.unwrap(), 1);
    assert!(here.is_local().await);
    there.update().await;
    here.tiers.clock.advance(Duration::from_secs(1));
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_load_that_began_long_ago_in_a_gap_is_not_joined() {
    let (here, there, source) = Process::pair().await;
    here.cut().await;
    let held = source.hold();
    let old = here.reading();
    source.entered(1).await;
    there.update().await;
    here.tiers.clock.advance(DISCONNECTED + Duration::from_millis(1));
    let new = here.reading();
    source.entered(2).await;
    drop(held);
    assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2));
}

#[tokio::test]
async fn where_changes_are_not_told_entries_live_for_the_disconnected_ttl() {
    let here = Tiers::new("both");
    here.remote.on(Method::Follow, Fault::Fail(ErrorKind::Unsupported));
    let there = here.another();
    there.told().await;
    let source = Source::new();
    let here = Process { tiers: here, source: source.clone() };
    let there = Process { tiers: there, source };
    assert_eq!(here.warm().await, 1);
    there.update().await;
    here.tiers.clock.advance(DISCONNECTED);
    assert_eq!(here.read().await, 2);
    assert_eq!(here.tiers.cache.stats().feed_armed, 0);
}

#[tokio::test]
async fn a_put_is_seen_by_another_process() {
    let (here, there, _) = Process::pair().await;
    there.warm().await;
    let put = here.tiers.cache.scope(async { version::entry(&1).put(7).await });
    put.await.unwrap();
    assert_eq!((there.read().await, here.read().await), (7, 7));
    here.warm().await;
}

#[tokio::test]
async fn a_refresh_that_an_invalidation_elsewhere_overtook_is_stored_nowhere() {
    let (here, there, source) = Process::pair().await;
    here.warm().await;
    let held = source.hold();
    let (cache, from) = (here.tiers.cache.clone(), source.clone());
    let refresh = tokio::spawn(async move { cache.scope(version::refresh(from, 1)).await });
    source.entered(2).await;
    there.update().await;
    drop(held);
    assert_eq!(refresh.await.unwrap(), 1);
    assert_eq!((here.read().await, there.read().await), (2, 2));
}

#[tokio::test]
async fn a_cache_that_is_dropped_follows_no_more() {
    let tiers = Tiers::new("both");
    tiers.told().await;
    let Tiers { cache, cells, .. } = tiers;
    assert_eq!(cells.followers(), 1);
    drop(cache);
    eventually(Duration::from_secs(5), || async { cells.followers() == 0 }).await;
}

#[test]
fn the_feed_moves_to_another_runtime_when_its_own_ends() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tiers = Tiers::new("both");
    let first = runtime();
    first.block_on(tiers.told());
    drop(first);
    assert_eq!(tiers.cells.followers(), 0);
    runtime().block_on(async {
        tiers.told().await;
        assert_eq!(tiers.cells.followers(), 1);
    });
}

#[tokio::test]
async fn a_waiting_caller_that_leaves_does_no_harm() {
    let (here, there, source) = Process::pair().await;
    let held = source.hold();
    let owner = there.reading_with_lock();
    source.entered(1).await;
    {
        let mut waiter = std::pin::pin!(here.read_with_lock());
        assert!(poll_once(waiter.as_mut()).is_pending());
    }
    drop(held);
    assert_eq!((owner.await.unwrap(), here.read_with_lock().await), (1, 1));
}

#[cached(key = "version:<id>", ttl = 3600, local)]
async fn version_here_alone(source: Source, id: u64) -> u64 {
    source.load().await
}

#[invalidates(key = "version:<id>", at = "around")]
async fn update_slowly(source: Source, id: u64, gate: Source) -> u64 {
    gate.load().await;
    source.update() + id
}

#[tokio::test]
async fn a_look_that_an_invalidation_elsewhere_overtook_makes_no_load_joinable() {
    let (here, there, source) = Process::pair().await;
    let held = source.hold();
    let old = here.reading();
    source.entered(1).await;
    here.tiers.remote.forget_calls();
    here.tiers.remote.once(Method::GetOrSet, Fault::HoldReply);
    let looking = here.reading();
    here.tiers.remote.called(Method::GetOrSet, 1).await;
    there.update().await;
    here.tiers.remote.heal();
    // What it saw has changed meanwhile: it looks again.
    let looked = || async { here.tiers.remote.methods().len() >= 2 };
    eventually(Duration::from_secs(5), looked).await;
    let new = here.reading();
    source.entered(2).await;
    drop(held);
    assert_eq!(old.await.unwrap(), 1);
    let _ = looking.await.unwrap();
    assert_eq!(new.await.unwrap(), 2);
}

#[tokio::test]
async fn a_refresh_that_was_overtaken_elsewhere_and_can_not_fill_is_stored_nowhere() {
    let (here, there, source) = Process::pair().await;
    here.warm().await;
    let held = source.hold();
    let (cache, from) = (here.tiers.cache.clone(), source.clone());
    let refresh = tokio::spawn(async move { cache.scope(version::refresh(from, 1)).await });
    source.entered(2).await;
    there.update().await;
    here.tiers.remote.on(Method::Replace, Fault::Fail(ErrorKind::Timeout));
    drop(held);
    assert_eq!(refresh.await.unwrap(), 1);
    assert!(here.tiers.cache.is_told());
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn nobody_joins_a_load_under_a_barrier_that_began_before_an_invalidation_elsewhere() {
    let (here, there, source) = Process::pair().await;
    let gate = Source::new();
    let closed = gate.hold();
    let (cache, to, at) = (there.tiers.cache.clone(), source.clone(), gate.clone());
    let write = tokio::spawn(async move { cache.scope(update_slowly(to, 1, at)).await });
    gate.entered(1).await;
    let held = source.hold();
    let old = here.reading();
    source.entered(1).await;
    there.update().await;
    let new = here.reading();
    source.entered(2).await;
    drop(held);
    assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2));
    drop(closed);
    write.await.unwrap();
}

#[tokio::test]
async fn a_load_without_a_lease_is_not_joined_after_the_disconnected_ttl() {
    for kind in [ErrorKind::Full, ErrorKind::Unavailable] {
        let (here, there, source) = Process::pair().await;
        here.tiers.remote.on(Method::GetOrSet, Fault::Fail(kind));
        let held = source.hold();
        let old = here.reading();
        source.entered(1).await;
        there.update().await;
        here.tiers.clock.advance(DISCONNECTED + Duration::from_millis(1));
        let new = here.reading();
        source.entered(2).await;
        drop(held);
        assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2), "{kind:?}");
    }
}

/// As above: where the remote half of a barrier could not be put up, no cell stands for its key.
#[tokio::test]
async fn a_load_under_half_a_barrier_is_not_joined_after_the_disconnected_ttl() {
    let (here, there, source) = Process::pair().await;
    let gate = Source::new();
    let closed = gate.hold();
    here.tiers.remote.once(Method::Enter, Fault::Fail(ErrorKind::Unavailable));
    let (cache, to, at) = (here.tiers.cache.clone(), Source::new(), gate.clone());
    let write = tokio::spawn(async move { cache.scope(update_slowly(to, 1, at)).await });
    gate.entered(1).await;
    let held = source.hold();
    let old = here.reading();
    source.entered(1).await;
    there.update().await;
    here.tiers.clock.advance(DISCONNECTED + Duration::from_millis(1));
    let new = here.reading();
    source.entered(2).await;
    drop(held);
    assert_eq!((old.await.unwrap(), new.await.unwrap()), (1, 2));
    drop(closed);
    write.await.unwrap();
}

#[tokio::test]
async fn what_a_local_function_stored_does_not_outlive_an_invalidation_for_the_others() {
    let (here, there, source) = Process::pair().await;
    let scoped = here.tiers.cache.scope(version_here_alone(source.clone(), 1));
    assert_eq!(scoped.await, 1);
    there.update().await;
    here.tiers.clock.advance(DISCONNECTED * 20);
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_put_that_was_overtaken_elsewhere_and_can_not_fill_is_not_served() {
    let (here, there, source) = Process::pair().await;
    here.warm().await;
    here.tiers.remote.once(Method::GetOrSet, Fault::HoldReply);
    here.tiers.remote.forget_calls();
    let cache = here.tiers.cache.clone();
    let put =
        tokio::spawn(async move { cache.scope(async { version::entry(&1).put(1).await }).await });
    here.tiers.remote.called(Method::GetOrSet, 1).await;
    there.update().await;
    here.tiers.remote.heal();
    here.tiers.remote.on(Method::Replace, Fault::Fail(ErrorKind::Timeout));
    let _ = put.await.unwrap();
    assert_eq!((here.read().await, source.loads()), (2, 2));
}

#[tokio::test]
async fn a_value_too_large_is_not_served_after_an_invalidation_that_was_told() {
    let tiers = Tiers::built("both", |builder| builder.max_value_bytes(0));
    let there = tiers.another();
    tiers.told().await;
    there.told().await;
    let source = Source::new();
    let here = Process { tiers, source: source.clone() };
    let there = Process { tiers: there, source: source.clone() };
    let held = source.hold();
    let old = here.reading();
    source.entered(1).await;
    there.update().await;
    drop(held);
    assert_eq!(old.await.unwrap(), 1);
    here.tiers.landed().await;
    assert_eq!(here.read().await, 2);
}
