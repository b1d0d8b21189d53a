//! The run: servers, processes, faults, and the report.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::args::Args;
use crate::faults::{self, Stop};
use crate::fleet::Fleet;
use crate::incidents::Incidents;
use crate::register::Register;
use crate::tally::Tally;
use crate::topology::Servers;

const TELL_EVERY: Duration = Duration::from_secs(5);

pub(crate) fn run(mut args: Args) -> ExitCode {
    let dir = meeting_place();
    dir.path().clone_into(&mut args.dir);
    let mut reaper = Command::new(std::env::current_exe().unwrap())
        .args(["--role", "reaper", "--dir"])
        .arg(&args.dir)
        .stdin(Stdio::piped())
        // Who kills the whole group must not kill it.
        .process_group(0)
        .spawn()
        .unwrap();
    println!("checker: seed {}, {:?}, {} s", args.seed, args.topology, args.seconds);
    let tally = Arc::new(Tally::default());
    check(&args, &tally);
    drop(dir);
    drop(reaper.stdin.take());
    let _ = reaper.wait();
    println!("\nseed {}, {:?}, {} s\n{tally}", args.seed, args.topology, args.seconds);
    if tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check(args: &Args, tally: &Arc<Tally>) {
    Register::create(&args.dir);
    let mut servers = Servers::start(args.topology);
    let incidents = Arc::new(Incidents::open(&args.dir));
    let fleet = Fleet::start(args, &servers.urls(), incidents, tally.clone());
    let stop = Stop::default();
    std::thread::scope(|scope| {
        scope.spawn(|| faults::to_processes(args, &fleet, &stop));
        scope.spawn(|| faults::to_servers(args, &fleet, &mut servers, &stop));
        watch(args, &fleet, tally);
        stop.now();
    });
    fleet.end();
}

/// Tells how it goes until it is over.
fn watch(args: &Args, fleet: &Fleet, tally: &Tally) {
    let begun = Instant::now();
    let mut told = begun;
    while begun.elapsed() < Duration::from_secs(args.seconds) {
        sleep(Duration::from_millis(100));
        fleet.replace_dead();
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            println!("{:>5} s  {}", begun.elapsed().as_secs(), tally.line());
            let _ = std::io::stdout().flush();
        }
        if args.until_violation && !tally.is_clean() {
            return;
        }
    }
}

/// A directory in memory, if there is such a thing; all that is started works inside it.
fn meeting_place() -> TempDir {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { PathBuf::from(memory) } else { std::env::temp_dir() };
    let dir = tempfile::Builder::new().prefix("checker-").tempdir_in(parent).unwrap();
    tempfile::env::override_temp_dir(dir.path()).unwrap();
    dir
}
