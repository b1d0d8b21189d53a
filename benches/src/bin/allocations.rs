//! Heap allocations of a warm hit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use cache_benches::flags::Flags;
use cache_benches::hit::{Case, Returns};
use cache_benches::peers;
use cache_benches::report::{self, Table};
use cache_benches::workload::zipf;

const USAGE: &str = "\
usage: allocations [--only WORD,…] [--json FILE]

  --json FILE   keeps the figures, such as in docs/benchmarks/allocations.json";

const KEYS: u64 = 1_000;
const CALLS: usize = 5_000;
const WARM_UP: usize = 20;

fn main() -> std::io::Result<()> {
    let flags = Flags::read(USAGE);
    let ids = zipf(KEYS, CALLS);
    let tables = [Returns::Shared, Returns::Number, Returns::Owned].map(|returns| {
        let cases = peers::hits(returns, KEYS);
        let cases = cases.iter().filter(|case| flags.wants(case.name));
        let table = Table {
            title: format!("allocations a hit → {}", returns.name()),
            heads: vec!["allocations", "bytes"],
            chart: Some("allocations"),
            rows: cases.map(|case| (case.name, allocations(case, &ids))).collect(),
        };
        table.print();
        table.json()
    });
    match flags.text("json") {
        Some(file) => report::write_json(Path::new(file), "allocations", 1, &tables),
        None => Ok(()),
    }
}

fn allocations(case: &Case, ids: &[u64]) -> Vec<f64> {
    // What is built once, such as a runtime, has been built, and what filling left behind has been
    // cleared away.
    (0..WARM_UP).for_each(|_| (case.run)(ids));
    let before = COUNTS.get();
    (case.run)(ids);
    let (number, bytes) = COUNTS.get();
    #[expect(clippy::cast_precision_loss, reason = "thousands of calls")]
    let a_call = [number - before.0, bytes - before.1].map(|sum| sum as f64 / CALLS as f64);
    a_call.to_vec()
}

thread_local! {
    /// This thread's allocations and bytes.
    static COUNTS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

struct Counting;

impl Counting {
    fn count(bytes: usize) {
        // Where a thread ends, its counter may be gone already.
        let _ = COUNTS.try_with(|counts| {
            let (number, sum) = counts.get();
            counts.set((number + 1, sum + bytes as u64));
        });
    }
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
#[expect(unsafe_code, reason = "there is no other way to count allocations in the process")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::count(size);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
