//! Many tasks at once on one cold key: how often does the body run, and how long does it take?

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::contender::Contender;
use crate::workload::{LoadError, User, Value};

/// How long a body takes.
pub const BODY: Duration = Duration::from_millis(50);

static RUNS: AtomicU64 = AtomicU64::new(0);

/// When the first run of the body ended.
static LOADED: Mutex<Option<Instant>> = Mutex::new(None);

/// The body behind the cache, which counts its runs.
pub async fn slow(id: u64) -> Result<User, LoadError> {
    RUNS.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(BODY).await;
    let user = User::try_load(id);
    LOADED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    user
}

/// The same, of a value that is not copied for each who gets it.
pub async fn slow_shared(id: u64) -> Result<Arc<User>, LoadError> {
    slow(id).await.map(Arc::new)
}

/// What a rush came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// How often the body ran.
    pub runs: u64,
    /// Until the last task had its value.
    pub millis: f64,
    /// The same, from the end of the body: without its timer, and what is done while it runs. Where it
    /// ran in another process, nobody knows.
    pub after: Option<f64>,
    /// How many tasks got no value.
    pub failed: usize,
}

/// How many tasks of the rush have not ended yet.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// How many of them got no value.
static FAILED: AtomicUsize = AtomicUsize::new(0);

/// Who is told when the last one has ended.
///
/// Who waits for one task after the other is woken by each that ends, and takes the processor from
/// those that have not: on two cores up to a third of the time from the end of the body.
static ENDED: Mutex<Option<oneshot::Sender<Instant>>> = Mutex::new(None);

/// Held by each task of a rush. All they have in common is one count: several that two cores write to
/// in turns would take as long as what is measured.
struct Member {
    is_served: bool,
}

impl Drop for Member {
    fn drop(&mut self) {
        if !self.is_served {
            FAILED.fetch_add(1, Ordering::Relaxed);
        }
        if LEFT.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(ended) = ENDED.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            // Nobody listens any more if the rush was given up.
            let _ = ended.send(Instant::now());
        }
    }
}

/// Sends `tasks` tasks after one key.
pub async fn rush(peer: &Contender, tasks: usize, id: u64) -> Outcome {
    RUNS.store(0, Ordering::Relaxed);
    FAILED.store(0, Ordering::Relaxed);
    LEFT.store(tasks, Ordering::Relaxed);
    *LOADED.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let (ended, all_ended) = oneshot::channel();
    *ENDED.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    let (peer, start) = (*peer, Instant::now());
    for _ in 0..tasks {
        let mut member = Member { is_served: false };
        tokio::spawn(async move {
            member.is_served = peer.ask(id).await;
            drop(member);
        });
    }
    let last = all_ended.await.unwrap_or(start);
    let loaded = *LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let millis = |since| last.saturating_duration_since(since).as_secs_f64() * 1e3;
    Outcome {
        runs: RUNS.load(Ordering::Relaxed),
        millis: millis(start),
        after: loaded.map(millis),
        failed: FAILED.load(Ordering::Relaxed),
    }
}

/// The word by which a second process knows its role.
pub const ROLE: &str = "--as-one-of-several";

/// Processes that rush together: each says that it is ready for a case, then waits for the word.
pub struct Fleet(Vec<(Child, BufReader<Box<dyn Read>>)>);

impl Fleet {
    /// Starts this program again, `size` times, each with `arguments`.
    pub fn start(size: usize, arguments: &[&str]) -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        let start = || -> std::io::Result<_> {
            let mut child = Command::new(&program)
                .arg(ROLE)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let said = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok((child, BufReader::new(Box::new(said) as Box<dyn Read>)))
        };
        (0..size).map(|_| start()).collect::<std::io::Result<_>>().map(Self)
    }

    /// Sends all processes after the next key at once; adds up what they say.
    pub fn run(&mut self) -> std::io::Result<Outcome> {
        for (_, said) in &mut self.0 {
            said.read_line(&mut String::new())?;
        }
        for (child, _) in &mut self.0 {
            let ear = child.stdin.as_mut().ok_or(std::io::ErrorKind::BrokenPipe)?;
            ear.write_all(b"go\n")?;
        }
        let mut sum = Outcome { runs: 0, millis: 0.0, after: None, failed: 0 };
        for (_, said) in &mut self.0 {
            let mut line = String::new();
            said.read_line(&mut line)?;
            let numbers: Vec<f64> = line.split_whitespace().flat_map(str::parse).collect();
            let &[runs, millis, failed] = &numbers[..] else {
                return Err(std::io::Error::other(format!("a process said {line:?}")));
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
            {
                sum.runs += runs as u64;
                sum.failed += failed as usize;
            }
            sum.millis = sum.millis.max(millis);
        }
        Ok(sum)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for (child, _) in &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a process of a fleet does: one rush each time it is told to.
pub async fn serve(peer: &Contender, tasks: usize, ids: impl Iterator<Item = u64>) {
    for id in ids {
        println!("ready");
        if std::io::stdin().read_line(&mut String::new()).is_ok_and(|read| read > 0) {
            let Outcome { runs, millis, failed, .. } = rush(peer, tasks, id).await;
            println!("{runs} {millis} {failed}");
        }
    }
}
