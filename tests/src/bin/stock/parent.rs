//! The run: a server, processes, what happens to them, and the verdict.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cache_tests::{RedisServer, holds_within};
use rustix::process::{Pid, Signal, kill_process};

use crate::args::Args;
use crate::register::Register;
use crate::table::Table;
use crate::worker::HOLD;

const LONG: Duration = Duration::from_mins(2);

struct Worker {
    child: Child,
    _input: Option<ChildStdin>,
}

impl Worker {
    fn start(args: &Args, is_idle: bool, complaints: &Arc<AtomicU64>) -> Self {
        let mut words = args.for_worker();
        words.extend(is_idle.then(|| "--idle".to_owned()));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let complaints = complaints.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                complaints.fetch_add(1, Relaxed);
                println!("{line}");
            }
        });
        Self { child, _input: input }
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Worker {
    /// Kills it, as `kill -9` does.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    let server = (!args.in_file).then(RedisServer::start);
    let url = server.as_ref().map(RedisServer::url).unwrap_or_default();
    let args = Args { dir: dir.path().to_owned(), url, ..args.clone() };
    let register = Register::open(&args.dir, args.keys);
    let table = Table::open(&args.dir, args.no_version);
    let complaints = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let (kills, stops) = disturb(&args, &register, &table, &complaints);
    let writes = register.writes();
    println!("{writes} writes in {:?}, {kills} kills, {stops} stops", begun.elapsed());

    // Somebody else, who calls nothing, makes what is left.
    let idle = Worker::start(&args, true, &complaints);
    let is_drained = holds_within(LONG, || match &server {
        Some(server) => {
            server.cli(&["ZCARD", "stock:{~journal}:due:stock::worker::save_item"]) == "0"
        }
        None => count_wrong(&args, &register, &table, false) == 0,
    });
    drop(idle);
    let wrong = count_wrong(&args, &register, &table, true);
    let (statements, regressions) = (table.statements(), table.regressions());
    let complaints = complaints.load(Relaxed);
    println!("statements {statements}\nwrong {wrong}\nregressions {regressions}");
    println!("complaints {complaints}\ndrained {is_drained}");
    let is_right = wrong == 0 && regressions == 0 && complaints == 0;
    let is_well = is_right && is_drained && statements <= writes / 5;
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Kills and stops processes until enough was written; kills them all in the end.
fn disturb(
    args: &Args,
    register: &Register,
    table: &Table,
    complaints: &Arc<AtomicU64>,
) -> (u64, u64) {
    let start = || Worker::start(args, false, complaints);
    let mut workers: Vec<_> = (0..args.processes).map(|_| Some(start())).collect();
    let (mut kills, mut stops) = (0, 0);
    let begun = Instant::now();
    while register.writes() < args.writes && begun.elapsed() < 5 * LONG {
        sleep(Duration::from_millis(250));
        if args.no_faults {
            continue;
        }
        // Where it is to go wrong, whoever comes too late is the one to look for.
        if args.no_version && table.regressions() > 0 {
            break;
        }
        let round = kills + stops;
        let victim = usize::try_from(round % args.processes).unwrap();
        if round % 3 == 2 || args.no_version {
            let signal = |signal| workers[victim].iter().for_each(|worker| worker.signal(signal));
            signal(Signal::STOP);
            sleep(HOLD * 3 / 2);
            signal(Signal::CONT);
            stops += 1;
        } else {
            // First the one, then the other: a file is one process's.
            workers[victim] = None;
            workers[victim] = Some(start());
            kills += 1;
        }
    }
    (kills + args.processes, stops)
}

/// How many rows are missing, older than what was acknowledged, or of nobody's making.
fn count_wrong(args: &Args, register: &Register, table: &Table, tells: bool) -> u64 {
    let is_wrong = |key: &u64| {
        let (acknowledged, begun) = (register.acknowledged(*key), register.begun(*key));
        let stock = table.stock(*key).unwrap_or(0);
        let is_wrong = stock < acknowledged || stock > begun;
        if is_wrong && tells {
            println!("key {key}: {stock}, and {acknowledged} was acknowledged");
        }
        is_wrong
    };
    (0..args.keys).filter(is_wrong).count() as u64
}
