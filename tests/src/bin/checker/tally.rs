//! What processes have told, summed up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// So many details are kept.
const DETAILS: usize = 8;

type Counts = BTreeMap<String, u64>;

#[derive(Default)]
pub(crate) struct Tally {
    /// By process: a new one begins at zero.
    processes: Mutex<BTreeMap<(usize, u64), Counts>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    details: Mutex<Vec<String>>,
}

impl Tally {
    /// Takes a line that a process has printed.
    pub(crate) fn take(&self, number: usize, incarnation: u64, line: &str) {
        if let Some(counts) = line.strip_prefix("count ") {
            let words: Vec<_> = counts.split_whitespace().collect();
            let pairs = words.chunks_exact(2);
            let counts = pairs.map(|pair| (pair[0].to_owned(), pair[1].parse().unwrap_or(0)));
            self.processes.lock().unwrap().insert((number, incarnation), counts.collect());
        } else {
            self.detail(format!("process {number}.{incarnation}: {line}"));
        }
    }

    pub(crate) fn detail(&self, detail: String) {
        let mut details = self.details.lock().unwrap();
        if details.len() < DETAILS {
            println!("{detail}");
            details.push(detail);
        }
    }

    pub(crate) fn fault(&self, name: &'static str) {
        *self.faults.lock().unwrap().entry(name).or_default() += 1;
    }

    pub(crate) fn faults(&self) -> u64 {
        self.faults.lock().unwrap().values().sum()
    }

    /// Whether anything was seen that must not be.
    pub(crate) fn is_clean(&self) -> bool {
        self.details.lock().unwrap().is_empty()
    }

    pub(crate) fn sums(&self) -> Counts {
        let mut sums = Counts::new();
        for (name, count) in self.processes.lock().unwrap().values().flatten() {
            let sum = sums.entry(name.clone()).or_default();
            // Durations are maxima.
            *sum = if name.ends_with("-ms") { (*sum).max(*count) } else { *sum + count };
        }
        sums
    }

    /// One line of the most important counts.
    pub(crate) fn line(&self) -> String {
        let sums = self.sums();
        let of = |name| sums.get(name).copied().unwrap_or(0);
        format!(
            "reads {:>8}  local hits {:>8}  invalidations {:>6}  faults {:>4}  violations {}",
            of("reads"),
            of("local-hits"),
            of("invalidations"),
            self.faults(),
            of("violations"),
        )
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.sums() {
            writeln!(f, "{name:<16} {count:>10}")?;
        }
        writeln!(f, "{:<16} {:>10}", "faults", self.faults())?;
        for (name, count) in &*self.faults.lock().unwrap() {
            writeln!(f, "  {name:<14} {count:>10}")?;
        }
        for detail in &*self.details.lock().unwrap() {
            writeln!(f, "{detail}")?;
        }
        Ok(())
    }
}
