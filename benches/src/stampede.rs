//! Many tasks at once on one cold key: how often does the body run, and how long does it take?

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

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

/// What a rush came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// How often the body ran.
    pub runs: u64,
    /// Until the last task had ended.
    pub millis: f64,
    /// From the end of the body until the last task had its value: neither the timer of the body nor
    /// the end of the tasks is in it. Where the body ran in another process, nobody knows.
    pub after: Option<f64>,
    /// How many tasks got no value.
    pub failed: usize,
}

/// Sends `tasks` tasks after one key.
pub async fn rush(peer: &Contender, tasks: usize, id: u64) -> Outcome {
    RUNS.store(0, Ordering::Relaxed);
    *LOADED.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let start = Instant::now();
    let mut crowd = JoinSet::new();
    for _ in 0..tasks {
        let peer = peer.clone();
        crowd.spawn(async move { peer.ask(id).await.then(Instant::now) });
    }
    let (mut served, mut last) = (0, start);
    while let Some(ended) = crowd.join_next().await {
        if let Ok(Some(ended)) = ended {
            served += 1;
            last = last.max(ended);
        }
    }
    let millis = start.elapsed().as_secs_f64() * 1e3;
    let loaded = *LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    Outcome {
        runs: RUNS.load(Ordering::Relaxed),
        millis,
        after: loaded.map(|loaded| last.duration_since(loaded).as_secs_f64() * 1e3),
        failed: tasks - served,
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
