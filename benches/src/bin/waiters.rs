//! The memory of a task that waits for another one's load.
//!
//! Few enough to be spawned well within the load: who has its value waits no more.

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use cache_benches::flags::Flags;
use cache_benches::peers;
use cache_benches::stampede::BODY;
use tokio::task::JoinSet;

const USAGE: &str = "usage: waiters [--tasks N] [--only WORD,…]";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::read(USAGE);
    let tasks = flags.number("tasks", 1_000);
    println!("\n### bytes a waiting task, of {tasks} on one cold key\n");
    println!("| | bytes |\n|---|---:|");
    let nobody = waiting(tasks, || Box::pin(std::future::pending())).await;
    println!("| a task that waits for nothing | {nobody} |");
    for (id, peer) in (1_000..).zip(peers::stampedes().await?) {
        if flags.wants(peer.name) {
            println!("| {} | {} |", peer.name, waiting(tasks, || peer.asking(id)).await);
        }
    }
    Ok(())
}

/// The bytes of each of so many tasks, once all of them wait.
async fn waiting(tasks: usize, ask: impl Fn() -> cache_benches::contender::Asking) -> usize {
    let before = LIVE.load(Relaxed);
    let mut crowd = JoinSet::new();
    for _ in 0..tasks {
        crowd.spawn(ask());
    }
    // The tasks have been polled by then, and the load that the first of them began goes on.
    tokio::time::sleep(BODY * 3 / 5).await;
    let bytes = LIVE.load(Relaxed).saturating_sub(before) / tasks;
    crowd.shutdown().await;
    bytes
}

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
#[expect(unsafe_code, reason = "there is no other way to count what is allocated in the process")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
