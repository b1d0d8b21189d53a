//! How long threads of this process wait for a processor, by the system's own account.
//!
//! An echo may be on time while another thread stands still that was to handle a push.

use std::collections::HashMap;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::clock::now;
use crate::echo::Echo;

const EVERY: Duration = Duration::from_millis(10);

/// Notes every wait, for ever.
pub(crate) fn watch(echo: &Echo) {
    let mut waited = waits();
    loop {
        sleep(EVERY);
        let before = std::mem::replace(&mut waited, waits());
        let since =
            |(thread, wait): (&String, &u64)| wait.saturating_sub(*before.get(thread)?).into();
        let longest: Option<u64> = waited.iter().filter_map(since).max();
        echo.note(now().saturating_sub(longest.unwrap_or(0)));
    }
}

/// How long each thread has waited in all, in nanoseconds.
fn waits() -> HashMap<String, u64> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let wait = |thread: fs::DirEntry| {
        let counts = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let wait = counts.split_whitespace().nth(1)?.parse().ok()?;
        Some((thread.file_name().into_string().ok()?, wait))
    };
    threads.filter_map(wait).collect()
}
