//! Waking those who wait, of whom there may be thousands.

use std::future::{Future, ready};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, Id, RuntimeFlavor};

use super::crowd::Waiters;
use super::patience::FEW;

/// So many are woken at once, among them those who share no alarm, and whose runtime nobody knows.
const BATCH: usize = 128;
const _: () = assert!(BATCH as u64 >= FEW);

/// Who is to be woken, once no lock is held.
#[derive(Default)]
#[must_use]
pub(super) struct Woken {
    pub(super) waiting: Waiters,
    /// Whose tasks they are, but for the first batch; `None` where they may be of several.
    pub(super) runtime: Option<Id>,
    pub(super) others: Vec<Waker>,
}

impl Woken {
    /// Wakes them: many in batches, where their runtime can see to it.
    ///
    /// The tasks of a batch run before the next one is woken. Were all of them woken first, each would be
    /// fetched from memory twice, and a thread's queue, which holds 256, would overflow.
    pub(super) fn wake(mut self) {
        if self.waiting.len() > BATCH
            && let Some(runtime) = self.sees_to_it()
        {
            let waiting = self.waiting.drain(..BATCH).collect();
            let first = Self { waiting, others: mem::take(&mut self.others), ..Self::default() };
            runtime.spawn(Batches(self));
            // What is spawned last is what this thread runs next, and it may be blocked by the task of now.
            // What was before lies in a queue of which idle threads take.
            runtime.spawn(ready(()));
            self = first;
        }
        self.wake_some(usize::MAX);
        self.others.into_iter().for_each(wake);
    }

    /// The runtime of now, if it can see to those who wait: another one's threads may be blocked, and one
    /// of a single thread may not run again.
    fn sees_to_it(&self) -> Option<Handle> {
        let runtime = Handle::try_current().ok()?;
        let is_theirs = self.runtime == Some(runtime.id());
        let runs = runtime.runtime_flavor() != RuntimeFlavor::CurrentThread;
        (is_theirs && runs).then_some(runtime)
    }

    /// Wakes so many; whether those were all.
    fn wake_some(&mut self, most: usize) -> bool {
        for _ in 0..most {
            match self.waiting.pop_front() {
                Some((_, waker)) => wake(waker),
                None => break,
            }
        }
        self.waiting.is_empty()
    }
}

/// Wakes one. What panics there is somebody else's, and has been reported; others wait all the same.
pub(super) fn wake(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

/// Who is still to be woken.
struct Batches(Woken);

impl Future for Batches {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0.wake_some(BATCH) {
            return Poll::Ready(());
        }
        // Behind those that were woken.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Batches {
    /// A runtime that ends lets nobody wait.
    fn drop(&mut self) {
        self.0.wake_some(usize::MAX);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    use tokio::task::yield_now;

    use super::super::crowd::Place;
    use super::*;

    const MANY: usize = 3 * BATCH;

    /// Counts those who were woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    impl Count {
        fn woken(&self) -> usize {
            self.0.load(SeqCst)
        }

        /// So many who wait, on the runtime of now if there is one.
        fn several(self: &Arc<Self>, several: usize) -> Woken {
            let places = (1..).filter_map(Place::new).take(several);
            let waiting = places.map(|place| (place, Waker::from(self.clone()))).collect();
            let runtime = Handle::try_current().ok().map(|runtime| runtime.id());
            Woken { waiting, runtime, others: Vec::new() }
        }
    }

    #[test]
    fn without_a_runtime_all_are_woken_at_once() {
        let count = Arc::new(Count::default());
        count.several(MANY).wake();
        assert_eq!(count.woken(), MANY);
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_which_may_not_run_again_wakes_all_at_once() {
        let count = Arc::new(Count::default());
        count.several(MANY).wake();
        assert_eq!(count.woken(), MANY);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn who_may_be_of_another_runtime_is_woken_at_once() {
        let count = Arc::new(Count::default());
        Woken { runtime: None, ..count.several(MANY) }.wake();
        assert_eq!(count.woken(), MANY);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn many_are_woken_before_long() {
        let count = Arc::new(Count::default());
        count.several(MANY).wake();
        while count.woken() < MANY {
            yield_now().await;
        }
    }

    #[test]
    fn batches_come_one_by_one() {
        let count = Arc::new(Count::default());
        let mut batches = Batches(count.several(MANY));
        let mut poll = || Pin::new(&mut batches).poll(&mut Context::from_waker(Waker::noop()));
        for batch in 1..3 {
            assert!(poll().is_pending());
            assert_eq!(count.woken(), batch * BATCH);
        }
        assert!(poll().is_ready());
        assert_eq!(count.woken(), MANY);
    }

    #[test]
    fn where_the_runtime_ends_the_others_are_woken_all_the_same() {
        let count = Arc::new(Count::default());
        let mut batches = Batches(count.several(MANY));
        let context = &mut Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut batches).poll(context).is_pending());
        drop(batches);
        assert_eq!(count.woken(), MANY);
    }
}
