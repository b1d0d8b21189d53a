//! What is cached, and who asks for which of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A value of common shape: about 100 bytes, six allocations to copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "peers", derive(hitbox_fn::CacheableResponse))]
pub struct User {
    /// What it is looked up by.
    pub id: u64,
    /// A short text.
    pub name: String,
    /// A longer one.
    pub email: String,
    /// Three short ones.
    pub tags: Vec<String>,
}

/// The error of a load; none fails here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadError(pub String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

static LOADS: AtomicU64 = AtomicU64::new(0);

/// How many values were loaded since the process began.
pub fn loads() -> u64 {
    LOADS.load(Ordering::Relaxed)
}

/// What a cached function returns.
pub trait Value: Clone + Send + Sync + 'static {
    /// Makes the value, and counts that it did.
    fn load(id: u64) -> Self;

    /// The same, in the shape most bodies have.
    fn try_load(id: u64) -> Result<Self, LoadError> {
        Ok(Self::load(id))
    }
}

impl Value for u64 {
    fn load(id: u64) -> Self {
        LOADS.fetch_add(1, Ordering::Relaxed);
        id * 3
    }
}

impl Value for User {
    fn load(id: u64) -> Self {
        LOADS.fetch_add(1, Ordering::Relaxed);
        Self {
            id,
            name: format!("user number {id}"),
            email: format!("user{id}@example.com"),
            tags: vec![
                format!("team-{}", id % 17),
                format!("region-{}", id % 5),
                "verified".to_owned(),
            ],
        }
    }
}

impl Value for Arc<User> {
    fn load(id: u64) -> Self {
        Self::new(User::load(id))
    }
}

/// Xorshift: small, and the same on every run.
pub struct Random(u64);

impl Random {
    /// Starts at a seed, which must not be zero.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless iterator helps nobody here")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        index(self.next(), bound)
    }

    /// A number in 0..1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Puts `items` in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// `draw` brought below `bound`.
#[expect(clippy::cast_possible_truncation, reason = "the remainder fits")]
pub fn index(draw: u64, bound: usize) -> usize {
    (draw % bound as u64) as usize
}

/// `len` ids below `n`, where the k-th most popular is asked for with a frequency of 1/k; which
/// ids are popular is random.
pub fn zipf(n: u64, len: usize) -> Vec<u64> {
    skewed(n, len, 1.0)
}

/// The same, with a frequency of 1/k^`skew`.
pub fn skewed(n: u64, len: usize, skew: f64) -> Vec<u64> {
    let mut random = Random::new(7);
    let mut ids: Vec<u64> = (0..n).collect();
    random.shuffle(&mut ids);
    let mut total = 0.0;
    let cumulated: Vec<f64> = (1..=n)
        .map(|rank| {
            #[expect(clippy::cast_precision_loss, reason = "there are far fewer keys")]
            let weight = (rank as f64).powf(-skew);
            total += weight;
            total
        })
        .collect();
    (0..len)
        .map(|_| {
            let at = random.fraction() * total;
            ids[cumulated.partition_point(|sum| *sum < at).min(ids.len() - 1)]
        })
        .collect()
}

/// `len` ids below `n`, each as likely as any other.
pub fn uniform(n: u64, len: usize) -> Vec<u64> {
    let mut random = Random::new(7);
    (0..len).map(|_| random.next() % n).collect()
}
