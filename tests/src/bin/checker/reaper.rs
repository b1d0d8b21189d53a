//! Ends what is left when the parent was killed.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// Waits for the parent's end, kills whoever works in its directory, and removes that.
pub(crate) fn run(dir: &Path) -> ExitCode {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    while dir.exists() {
        for process in working_in(dir).into_iter().filter(|it| *it != getpid()) {
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = fs::remove_dir_all(dir);
        std::thread::sleep(Duration::from_millis(20));
    }
    ExitCode::SUCCESS
}

fn working_in(dir: &Path) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let inside = processes.filter(|process| {
        fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
    });
    let number = |process: fs::DirEntry| process.file_name().to_str()?.parse().ok();
    inside.filter_map(number).filter_map(Pid::from_raw).collect()
}
