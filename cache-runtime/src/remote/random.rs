//! Random numbers for tokens, fill ids and jitter.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The standard library keys its `SipHash` from the operating system's random source. A keyed hash
/// of a counter is a stream that no other process repeats, so no crate for random numbers is
/// needed. The process id is hashed too: a fork copies the keys and the counter.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// 64 random bits.
pub(crate) fn random() -> u64 {
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    KEYS.hash_one((std::process::id(), count))
}

/// 64 bits that are random enough for chances, and cost next to nothing: `xorshift64*`, of S. Vigna,
/// "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016.
pub(crate) fn chance() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(random() | 1);
    }
    STATE.with(|state| {
        let mut bits = state.get();
        bits ^= bits >> 12;
        bits ^= bits << 25;
        bits ^= bits >> 27;
        state.set(bits);
        bits.wrapping_mul(0x2545_F491_4F6C_DD1D)
    })
}

/// A pause of half to all of `pause`, so that those who wait don't ask in step.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let thousandths = u32::try_from(random() % 1000).unwrap_or_default();
    pause / 2 + pause / 2 * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use std::time::Duration;

    use super::{jittered, random};

    #[test]
    fn no_number_comes_twice() {
        let drawn: HashSet<u64> = (0..10_000).map(|_| random()).collect();
        assert_eq!(drawn.len(), 10_000);
    }

    #[test]
    fn a_pause_is_cut_by_at_most_half() {
        let pause = Duration::from_millis(400);
        for _ in 0..1_000 {
            let cut = jittered(pause);
            assert!(cut >= pause / 2 && cut <= pause, "{cut:?}");
        }
    }
}
