//! Waking those who wait, of whom there may be thousands.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::crowd::Waiters;

/// So many are woken at once.
const BATCH: usize = 128;

/// Who is to be woken, once no lock is held.
#[derive(Default)]
#[must_use]
pub(super) struct Woken {
    pub(super) waiting: Waiters,
    pub(super) others: Vec<Waker>,
}

impl Woken {
    /// Wakes them: many in batches, where a runtime of several threads can see to it.
    ///
    /// The tasks of a batch run before the next one is woken. Were all of them woken first, each would be
    /// fetched from memory twice, and a thread's queue, which holds 256, would overflow.
    pub(super) fn wake(mut self) {
        if self.waiting.len() + self.others.len() > BATCH
            && let Ok(runtime) = Handle::try_current()
            // One of a single thread may not run again, and those who wait may be another one's.
            && runtime.runtime_flavor() != RuntimeFlavor::CurrentThread
        {
            runtime.spawn(Batches(self));
        } else {
            self.wake_some(usize::MAX);
        }
    }

    /// Wakes so many; whether that were all.
    fn wake_some(&mut self, most: usize) -> bool {
        for _ in 0..most {
            let waiting = self.waiting.pop_front().map(|(_, waker)| waker);
            match waiting.or_else(|| self.others.pop()) {
                Some(waker) => waker.wake(),
                None => return true,
            }
        }
        false
    }
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

        /// So many to be woken, half of them of either kind.
        fn several(self: &Arc<Self>, several: usize) -> Woken {
            let wakers = || (0..several / 2).map(|_| Waker::from(self.clone()));
            let places = (1..).filter_map(super::super::crowd::Place::new);
            Woken { waiting: places.zip(wakers()).collect(), others: wakers().collect() }
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
    async fn few_are_woken_at_once_and_many_before_long() {
        let count = Arc::new(Count::default());
        count.several(BATCH).wake();
        assert_eq!(count.woken(), BATCH);
        count.several(MANY).wake();
        while count.woken() < BATCH + MANY {
            yield_now().await;
        }
    }

    #[test]
    fn batches_come_one_by_one() {
        let count = Arc::new(Count::default());
        let mut batches = Batches(count.several(MANY));
        let mut poll = || Pin::new(&mut batches).poll(&mut Context::from_waker(Waker::noop()));
        for batch in 1..=3 {
            assert!(poll().is_pending());
            assert_eq!(count.woken(), batch * BATCH);
        }
        assert!(poll().is_ready());
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
