//! One process of the fleet: readers, and others who write.

use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use cache_runtime::Cache;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::args::Args;
use crate::clock::now;
use crate::delay;
use crate::echo::Echo;
use crate::items::{self, Item, early, locked, plain, stale};
use crate::judge::{Begun, Judge, Verdict};
use crate::place::Place;
use crate::random::Random;
use crate::register::Register;
use crate::writes::Writer;

const READERS: u64 = 6;
const WRITERS: u64 = 2;

/// A verdict waits for so long, to know what else went on.
const HINDSIGHT: Duration = Duration::from_millis(400);

/// So many details are told.
const DETAILS: u64 = 5;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) reads: AtomicU64,
    pub(crate) invalidations: AtomicU64,
    pub(crate) told: AtomicU64,
    pub(crate) guarded: AtomicU64,
    pub(crate) violations: AtomicU64,
    /// For how long a value was outdated at most when it was read all the same.
    pub(crate) violation_ms: AtomicU64,
    pub(crate) lost: AtomicU64,
    /// For how long a value was outdated when it was read whose delete was lost.
    pub(crate) lost_ms: AtomicU64,
}

pub(crate) fn run(args: Args) -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work(args));
    ExitCode::SUCCESS
}

async fn work(args: Args) {
    die_of_panics();
    let register = Arc::new(Register::open(&args.dir));
    items::come_from(register.clone());
    let cache = items::cache(&args);
    cache.clone().install().unwrap();
    let echo = Arc::new(Echo::new());
    let judge = Arc::new(Judge::new(&args, register, echo.clone()));
    let counts = Arc::new(Counts::default());
    let place = Place::of(&args);
    let may_die = args.has_fault("die-in-write");
    let stream = (args.number as u64 + 1) << 32 | args.incarnation << 8;
    let random = |task: u64| Random::new(args.seed, stream | task);
    for task in 0..READERS {
        tokio::spawn(read(place, judge.clone(), counts.clone(), random(task)));
    }
    for task in READERS..READERS + WRITERS {
        let writer = Writer { place, may_die, judge: judge.clone(), counts: counts.clone() };
        tokio::spawn(writer.run(random(task)));
    }
    std::thread::spawn({
        let echo = echo.clone();
        move || delay::watch(&echo)
    });
    let address = args.urls[0].trim_start_matches("redis://").to_owned();
    tokio::spawn(async move { echo.listen(&address).await });
    tell_until(parent_ends(), &cache, &counts).await;
}

async fn read(place: Place, judge: Arc<Judge>, counts: Arc<Counts>, mut random: Random) {
    loop {
        for _ in 0..=random.below(4) {
            let key = place.to_read(&mut random);
            let begun = Begun { key, at: now() };
            let item = match random.below(8) {
                0 | 1 => locked(key).await,
                2 | 3 => early(key).await,
                4 => stale(key).await,
                _ => plain(key).await,
            };
            counts.reads.fetch_add(1, Relaxed);
            if !matches!(judge.judge(&begun, &item), Verdict::Fine) {
                tokio::spawn(judge_again(judge.clone(), counts.clone(), begun, item));
            }
        }
        sleep(random.millis(1, 10)).await;
    }
}

/// Judges when all is known that may excuse it.
async fn judge_again(judge: Arc<Judge>, counts: Arc<Counts>, begun: Begun, item: Item) {
    sleep(HINDSIGHT).await;
    counts.count(&judge.judge(&begun, &item));
}

impl Counts {
    fn count(&self, verdict: &Verdict) {
        match verdict {
            Verdict::Fine => {}
            Verdict::Lost(stale) => {
                self.lost.fetch_add(1, Relaxed);
                self.lost_ms.fetch_max(stale.age / 1_000_000, Relaxed);
            }
            Verdict::Violation(stale) => {
                self.violation_ms.fetch_max(stale.age / 1_000_000, Relaxed);
                if self.violations.fetch_add(1, Relaxed) < DETAILS {
                    println!("violation {stale}");
                }
            }
        }
    }

    fn print(&self, cache: &Cache) {
        let stats = cache.stats();
        let of = |count: &AtomicU64| count.load(Relaxed);
        let local = stats.hits.saturating_sub(stats.remote_hits);
        println!(
            "count reads {} local-hits {local} remote-hits {} loads {} discarded {} \
             invalidations {} told {} guarded {} violations {} violation-ms {} lost-deletes {} lost-ms {}",
            of(&self.reads),
            stats.remote_hits,
            stats.loads,
            stats.discarded,
            of(&self.invalidations),
            of(&self.told),
            of(&self.guarded),
            of(&self.violations),
            of(&self.violation_ms),
            of(&self.lost),
            of(&self.lost_ms),
        );
    }
}

async fn tell_until(mut end: oneshot::Receiver<()>, cache: &Cache, counts: &Counts) {
    loop {
        let ended = tokio::time::timeout(Duration::from_millis(250), &mut end).await.is_ok();
        counts.print(cache);
        if ended {
            return;
        }
    }
}

/// The parent holds the other end of our input, and says nothing.
fn parent_ends() -> oneshot::Receiver<()> {
    let (tell, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(());
    });
    ended
}

/// A panic in a task would pass unseen.
fn die_of_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(101);
    }));
}
