//! Looks at what is owed, while it changes: each look may meet any moment of it.

use std::sync::atomic::AtomicU64;
use std::thread;

use super::*;

#[test]
fn what_goes_from_being_told_to_being_owed_is_never_settled() {
    let (pending, key) = (Pending::new(8), Key::from("key"));
    // Odd while it is told, or owed.
    let (step, wrong) = (AtomicU64::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let before = step.load(Ordering::SeqCst);
                    if before == u64::MAX {
                        break;
                    }
                    let settled = pending.is_settled();
                    let after = step.load(Ordering::SeqCst);
                    if settled && before % 2 == 1 && before == after {
                        wrong.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        for _ in 0..300_000 {
            let telling = pending.telling(&key, None);
            step.fetch_add(1, Ordering::SeqCst);
            pending.add(&key, None);
            pending.told(telling);
            step.fetch_add(1, Ordering::SeqCst);
            pending.remove(&Debt::All(u64::MAX));
        }
        step.store(u64::MAX, Ordering::SeqCst);
    });
    assert_eq!(wrong.into_inner(), 0);
}
