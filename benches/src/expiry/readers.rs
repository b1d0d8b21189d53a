//! Readers of an open loop: reads begin by the clock, whatever has become of those before.
//!
//! A few tasks call in small batches, as the timer of the runtime wakes them, which it does by the
//! millisecond. A read that is not there at once goes on in a task of its own, so that the reads due
//! after it begin meanwhile and each wait shows in full. Should the runtime be late all the same, that
//! shows in how late reads begin and not in how long they take: both are kept.

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet, yield_now};
use tokio::time::{sleep_until, timeout};

use super::origin::asked;
use super::slice::Slice;
use super::times::{Times, in_nanos};
use super::{Case, ttl};
use crate::contender::Contender;
use crate::workload::Random;

/// Reads a second.
pub const RATE: u32 = 10_000;

/// How many tasks read.
const READERS: u32 = 4;

/// How many reads one of them calls, one after another, when it is woken.
const BATCH: u32 = 5;

/// How many ttls a slice lasts.
const SLICE: u32 = 4;

/// What takes longer than this will never end.
const LIMIT: Duration = Duration::from_secs(10);

/// Lets the cases take turns, in an order drawn anew each round, until each was measured for
/// `length`; returns each one's slices. The ids of the cases are their numbers.
pub async fn measure(cases: &[Case], length: Duration) -> io::Result<Vec<Vec<Slice>>> {
    let mut random = Random::new(0x9E37_79B9_7F4A_7C15);
    let mut order: Vec<usize> = (0..cases.len()).collect();
    let mut slices: Vec<Vec<Slice>> = cases.iter().map(|_| Vec::new()).collect();
    let mut measured = Duration::ZERO;
    while measured < length {
        random.shuffle(&mut order);
        for &number in &order {
            // The expiries fall anywhere in the slice.
            let lead = ttl().mul_f64(0.5 + random.fraction());
            slices[number].push(slice(&cases[number].contender, number as u64, lead).await?);
        }
        measured += SLICE * ttl();
    }
    Ok(slices)
}

/// Reads for `lead`, so that all is as it always is, and then measures.
async fn slice(contender: &Contender, id: u64, lead: Duration) -> io::Result<Slice> {
    if !timeout(LIMIT, contender.ask(id)).await? {
        return Err(io::Error::other(format!("{} got no value", contender.name)));
    }
    let start = Instant::now();
    let length = SLICE * ttl();
    let window = start + lead..start + lead + length;
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let reader = Reader { contender: *contender, id, window: window.clone() };
        readers.spawn(reader.run(start + interval() * number / READERS));
    }
    let mut all = Reads::default();
    while let Some(reads) = readers.join_next().await {
        all.extend(reads??);
    }
    let Reads { took, late, failed } = all;
    let asked = asked(id, &window);
    Ok(Slice { length, took: Times::new(took), late: Times::new(late), failed, asked })
}

/// From one batch of a reader to its next.
fn interval() -> Duration {
    Duration::from_secs(1) * READERS * BATCH / RATE
}

struct Reader {
    contender: Contender,
    id: u64,
    /// When reads are due that count.
    window: Range<Instant>,
}

/// How a read ended, and how long after its call.
struct Ended {
    got: bool,
    took: Duration,
}

impl Reader {
    async fn run(self, first: Instant) -> io::Result<Reads> {
        let mut reads = Reads::for_window(&self.window);
        let mut waiting = JoinSet::new();
        let mut due = first;
        while due < self.window.end {
            sleep_until(due.into()).await;
            for _ in 0..BATCH {
                let counts = self.window.contains(&due);
                let late = due.elapsed();
                if let Some(ended) = self.read(counts, &mut waiting).await
                    && counts
                {
                    reads.ended(&ended);
                }
                if counts {
                    reads.late.push(in_nanos(late));
                }
            }
            due += interval();
            if due < Instant::now() {
                // It catches up, and lets others run meanwhile.
                yield_now().await;
            }
        }
        timeout(LIMIT, reads.await_all(waiting)).await??;
        Ok(reads)
    }

    /// Begins a read. What is not there at once joins those that are waited for.
    async fn read(&self, counts: bool, waiting: &mut JoinSet<(bool, Ended)>) -> Option<Ended> {
        let called = Instant::now();
        let mut read = self.contender.asking(self.id);
        let polled = poll_fn(|context| Poll::Ready(read.as_mut().poll(context))).await;
        if let Poll::Ready(got) = polled {
            return Some(Ended { got, took: called.elapsed() });
        }
        waiting.spawn(async move {
            let got = read.await;
            (counts, Ended { got, took: called.elapsed() })
        });
        None
    }
}

/// What came of reads.
#[derive(Default)]
struct Reads {
    took: Vec<u32>,
    late: Vec<u32>,
    failed: usize,
}

impl Reads {
    fn for_window(window: &Range<Instant>) -> Self {
        let batches = (window.end - window.start).as_nanos() / interval().as_nanos() + 1;
        let room = usize::try_from(batches).unwrap_or_default() * BATCH as usize;
        // Written to once, so that the pages are there when reads are timed.
        let [took, late] = [(); 2].map(|()| {
            let mut times = vec![1; room];
            times.clear();
            times
        });
        Self { took, late, failed: 0 }
    }

    fn ended(&mut self, Ended { got, took }: &Ended) {
        self.took.push(in_nanos(*took));
        self.failed += usize::from(!got);
    }

    async fn await_all(&mut self, mut waiting: JoinSet<(bool, Ended)>) -> Result<(), JoinError> {
        while let Some(joined) = waiting.join_next().await {
            if let (true, ended) = joined? {
                self.ended(&ended);
            }
        }
        Ok(())
    }

    fn extend(&mut self, other: Self) {
        self.took.extend(other.took);
        self.late.extend(other.late);
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::workload::{LoadError, User, Value};

    #[tokio::test(start_paused = true)]
    async fn reads_begin_whatever_has_become_of_those_before() {
        static WAITING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let contender = Contender::new("waits for 50 ms", |id| async move {
            MOST.fetch_max(1 + WAITING.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
            WAITING.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, LoadError>(User::load(id))
        });
        let start = Instant::now();
        let window = start..start + Duration::from_millis(200);
        let reads = Reader { contender, id: 7, window }.run(start).await;
        let reads = reads.ok().filter(|reads| reads.failed == 0);
        // A quarter of 10,000 a second, for 200 ms.
        assert_eq!(reads.map(|reads| (reads.took.len(), reads.late.len())), Some((500, 500)));
        // Those of 50 ms.
        assert!((120..=135).contains(&MOST.load(Ordering::Relaxed)), "{MOST:?}");
    }
}
