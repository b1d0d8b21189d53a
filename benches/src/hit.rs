//! A warm hit in the process: what a case is, and how its time is taken.

use std::future::Future;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::one_at_a_time::one_at_a_time;
use crate::report::{Report, Row, Spread};
use crate::turns::{self, Turn};
use crate::workload::{index, loads};

/// What the cached function returns, and with it how dear a copy is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Returns {
    /// `u64`: a copy of eight bytes.
    Number,
    /// `Arc<User>`: one counter goes up.
    Shared,
    /// `User`: six allocations.
    Owned,
}

impl Returns {
    /// The type, as one writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "u64",
            Self::Shared => "Arc<User>",
            Self::Owned => "User",
        }
    }
}

/// Serves a batch of ids.
pub type Batch = Box<dyn Fn(&[u64]) + Send + Sync>;

/// Something that serves hits.
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// Serves a batch.
    pub run: Batch,
}

impl Case {
    /// A case that calls a plain function.
    pub fn direct<T>(name: &'static str, get: impl Fn(u64) -> T + Send + Sync + 'static) -> Self {
        let run = move |ids: &[u64]| {
            for &id in ids {
                one_at_a_time();
                black_box(get(black_box(id)));
            }
        };
        Self { name, run: Box::new(run) }
    }

    /// A case that awaits an `async fn`.
    pub fn awaited<T>(
        name: &'static str,
        get: impl AsyncFn(u64) -> T + Send + Sync + 'static,
    ) -> Self {
        let run = move |ids: &[u64]| {
            block_on(async {
                for &id in ids {
                    one_at_a_time();
                    black_box(get(black_box(id)).await);
                }
            });
        };
        Self { name, run: Box::new(run) }
    }

    /// An annotated function, called once for every id so that all later calls are hits.
    pub fn annotated<T>(
        name: &'static str,
        n: u64,
        get: impl AsyncFn(u64) -> T + Send + Sync + 'static,
    ) -> Self {
        let case = Self::awaited(name, get);
        (case.run)(&(0..n).collect::<Vec<_>>());
        case
    }
}

thread_local! {
    static RUNTIME: Runtime = runtime();
}

#[expect(clippy::expect_used, reason = "without a runtime there is nothing to measure")]
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("the machine has descriptors left")
}

/// Runs a future on this thread's runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// How often each thread calls each case before any is measured: what is hot has been asked for often.
const WARM_UP: usize = 200_000;

/// How hits are measured.
pub struct Suite {
    /// Who is asked for, in this order, from anywhere.
    pub ids: Vec<u64>,
    /// How they are distributed.
    pub keys: String,
    /// Calls a batch.
    pub batch: usize,
    /// Turns a case.
    pub rounds: usize,
    /// How many threads call at once.
    pub threads: usize,
}

impl Suite {
    /// Lets the cases take turns; a sample is nanoseconds a call and thread. Each case has threads of
    /// its own, as it would in a program: what a thread keeps for itself serves that case alone.
    pub fn run(&self, returns: Returns, cases: &[Case]) -> Report {
        let mut spoiled = vec![0; cases.len()];
        let line = StartingLine::default();
        let samples = thread::scope(|scope| {
            let worker = |case, number| {
                let (jobs, inbox) = channel();
                let (done, outbox) = channel();
                let line = &line;
                scope.spawn(move || self.work(number, case, line, &inbox, &done));
                Worker { jobs, outbox }
            };
            let crew = |case| (0..self.threads).map(|number| worker(case, number)).collect();
            let crews: Vec<Vec<Worker>> = cases.iter().map(crew).collect();
            for crew in &crews {
                everyone(crew, Job::WarmUp);
            }
            turns::take(self.rounds, cases.len(), |turn| {
                let before = loads();
                let nanos = everyone(&crews[turn.case], Job::Take(turn));
                spoiled[turn.case] += loads() - before;
                nanos
            })
        });
        let rows = cases.iter().zip(samples).zip(spoiled);
        Report {
            title: format!("hit → {}, {}, {} thread(s)", returns.name(), self.keys, self.threads),
            unit: "ns",
            spread: Spread::Middle,
            bases: Vec::new(),
            rows: rows
                .map(|((case, samples), loads)| Row { name: case.name, samples, loads })
                .collect(),
        }
    }

    fn work(
        &self,
        number: usize,
        case: &Case,
        line: &StartingLine,
        inbox: &Receiver<Job>,
        done: &Sender<f64>,
    ) {
        let ids = &self.ids;
        for job in inbox {
            let sample = match job {
                Job::WarmUp => {
                    (case.run)(&ids[..ids.len().min(WARM_UP)]);
                    0.0
                }
                Job::Take(turn) => {
                    let last = ids.len() - self.batch;
                    let start = (index(turn.draw, ids.len()) + number * 7919) % last;
                    let batch = &ids[start..start + self.batch];
                    (case.run)(batch);
                    line.await_all(self.threads);
                    self.time(&case.run, batch)
                }
            };
            if done.send(sample).is_err() {
                return;
            }
        }
    }

    /// Nanoseconds a call. Several threads run for a fixed time, so that they really overlap.
    fn time(&self, run: &Batch, batch: &[u64]) -> f64 {
        let window = if self.threads == 1 { Duration::ZERO } else { Duration::from_millis(4) };
        let start = Instant::now();
        let mut calls = 0;
        loop {
            run(batch);
            calls += batch.len();
            let took = start.elapsed();
            if took >= window {
                #[expect(clippy::cast_precision_loss, reason = "a batch takes milliseconds")]
                return took.as_nanos() as f64 / calls as f64;
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Job {
    WarmUp,
    Take(Turn),
}

struct Worker {
    jobs: Sender<Job>,
    outbox: Receiver<f64>,
}

/// The mean over the threads.
fn everyone(crew: &[Worker], job: Job) -> f64 {
    for worker in crew {
        // A worker that panicked is noticed when its sample is missing.
        let _ = worker.jobs.send(job);
    }
    let samples: Vec<f64> = crew.iter().filter_map(|worker| worker.outbox.recv().ok()).collect();
    assert_eq!(samples.len(), crew.len(), "a case panicked");
    #[expect(clippy::cast_precision_loss, reason = "threads are few")]
    let threads = crew.len() as f64;
    samples.iter().sum::<f64>() / threads
}

/// Where threads wait for each other. They spin: waking a thread takes longer than a batch.
#[derive(Default)]
struct StartingLine {
    arrived: AtomicUsize,
}

impl StartingLine {
    fn await_all(&self, threads: usize) {
        let number = self.arrived.fetch_add(1, Ordering::SeqCst);
        let all = (number / threads + 1) * threads;
        while self.arrived.load(Ordering::SeqCst) < all {
            spin_loop();
        }
    }
}
