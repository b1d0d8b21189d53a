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
    /// How long the longest took, in milliseconds: on a busy machine, longer than it should.
    pub longest: f64,
}

/// What was asked for `id` within `window`.
pub fn asked(id: u64, window: &Range<Instant>) -> Asked {
    let loads: Vec<Load> = book().iter().filter(|load| load.id == id).copied().collect();
    Asked::of(&loads, window)
}

impl Asked {
    /// What those of `loads` come to that began within `window`; they are in order.
    fn of(loads: &[Load], window: &Range<Instant>) -> Self {
        let mut asked = Self::default();
        for &Load { began, ended, .. } in loads.iter().filter(|load| window.contains(&load.began)) {
            let took = ended.map_or(0.0, |ended| millis(ended - began));
            let until_then = || loads.iter().take_while(|load| load.began <= began);
            let running = until_then().filter(|load| load.ended.is_none_or(|end| end > began));
            let last = until_then().filter_map(|load| load.ended.filter(|end| *end <= began)).max();
            asked.loads += 1;
            asked.at_once = asked.at_once.max(running.count());
            asked.ages.extend(last.map(|end| millis(began - end)));
            asked.longest = asked.longest.max(took);
        }
        asked
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(start: Instant, millis: &[(u64, u64)]) -> Vec<Load> {
        let at = |millis| start + Duration::from_millis(millis);
        let load = |&(began, ended)| Load { id: 0, began: at(began), ended: Some(at(ended)) };
        millis.iter().map(load).collect()
    }

    #[test]
    fn only_loads_that_begin_within_the_window_count() {
        let start = Instant::now();
        let window = start + Duration::from_millis(100)..start + Duration::from_secs(2);
        let loads = loads(start, &[(0, 50), (1050, 1100), (2100, 2150)]);
        let asked = Asked::of(&loads, &window);
        assert_eq!((asked.loads, asked.at_once), (1, 1));
        assert_eq!((asked.ages, asked.longest), (vec![1000.0], 50.0));
    }

    #[test]
    fn loads_that_overlap_run_at_once() {
        let start = Instant::now();
        let window = start..start + Duration::from_millis(500);
        let loads = loads(start, &[(0, 50), (100, 150), (120, 170), (149, 199), (199, 249)]);
        let asked = Asked::of(&loads, &window);
        assert_eq!((asked.loads, asked.at_once), (5, 3));
        assert_eq!(asked.ages, [50.0, 70.0, 99.0, 0.0]);
    }
}
