//! What lies behind the caches, and keeps a book of who asks.
//!
//! Each case has an id of its own: a load in the background may end while another one is measured.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::workload::{LoadError, User, Value};

/// How long a load takes.
pub const LOAD: Duration = Duration::from_millis(50);

static BOOK: Mutex<Vec<Load>> = Mutex::new(Vec::new());

#[derive(Clone, Copy)]
struct Load {
    id: u64,
    began: Instant,
    /// Nothing: it has not, or its caller left.
    ended: Option<Instant>,
}

fn book() -> MutexGuard<'static, Vec<Load>> {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body behind the cache.
pub async fn load(id: u64) -> Result<User, LoadError> {
    let number = begin(id);
    sleep(LOAD).await;
    book()[number].ended = Some(Instant::now());
    User::try_load(id)
}

fn begin(id: u64) -> usize {
    let mut book = book();
    book.push(Load { id, began: Instant::now(), ended: None });
    book.len() - 1
}

/// What the origin was asked for one key, within some time.
#[derive(Debug, Default)]
pub struct Asked {
    /// How many loads began.
    pub loads: usize,
    /// How many ran at once, at most.
    pub at_once: usize,
    /// How long before the beginning of each the last one had ended, in milliseconds: how old the
    /// value was that it replaced.
    pub ages: Vec<f64>,
}

/// What was asked for `id` within `window`.
pub fn asked(id: u64, window: &Range<Instant>) -> Asked {
    let loads: Vec<Load> = book().iter().filter(|load| load.id == id).copied().collect();
    let mut asked = Asked::default();
    for &Load { began, .. } in loads.iter().filter(|load| window.contains(&load.began)) {
        let before = || loads.iter().take_while(|other| other.began <= began);
        let running = before().filter(|other| other.ended.is_none_or(|ended| ended > began));
        asked.loads += 1;
        asked.at_once = asked.at_once.max(running.count());
        let last = before().filter_map(|other| other.ended.filter(|ended| *ended <= began)).max();
        asked.ages.extend(last.map(|ended| (began - ended).as_secs_f64() * 1e3));
    }
    asked
}
