//! Runs a call and prints what it took: hit or miss, queries, time, answer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_runtime::{Cache, SiteStats, Stats};

use crate::terminal::{Paint, grouped, shortened, time};
use crate::{Country, Database, Subdivision};

/// Prints calls as they happen, one line each, in columns.
pub struct Story<'a> {
    db: &'a Database,
    cache: Cache,
    paint: Paint,
}

impl<'a> Story<'a> {
    /// Starts a story about `db` and the current cache.
    pub fn begin(db: &'a Database, title: &str) -> Self {
        let story = Self { db, cache: Cache::current(), paint: Paint::detect() };
        println!("\n{}", story.paint.bold(title));
        println!("{}", story.paint.dim(&format!("{} → SQLite in memory", tiers())));
        story
    }

    /// Prints a heading.
    pub fn chapter(&self, title: &str) {
        println!("\n{}", self.paint.bold(title));
    }

    /// Awaits `call` and prints a line about it.
    pub async fn call<T: Answer, E>(
        &self,
        label: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let (stats, queries) = (self.cache.stats(), self.db.queries());
        let start = Instant::now();
        let answer = call.await?;
        let took = start.elapsed();
        let outcome = Outcome::between(&stats, &self.cache.stats());
        self.line(label, outcome, self.db.queries() - queries, took, &answer.describe());
        Ok(answer)
    }

    fn line(&self, label: &str, outcome: Outcome, queries: u64, took: Duration, answer: &str) {
        let outcome = self.outcome(outcome);
        let queries = match queries {
            0 => self.paint.dim(&format!("{:>10}", "no query")),
            1 => format!("{:>10}", "1 query"),
            n => format!("{:>10}", format!("{} queries", grouped(n))),
        };
        let answer = shortened(answer, 44);
        println!("  {label:<22}{outcome}{queries}{:>12}   {answer}", time(took));
    }

    fn outcome(&self, outcome: Outcome) -> String {
        let text = |word| format!("{word:<6}");
        match outcome {
            Outcome::Hit => self.paint.green(&text("hit")),
            Outcome::Miss => self.paint.yellow(&text("miss")),
            Outcome::Write => self.paint.bold(&text("write")),
            Outcome::Many => text(""),
        }
    }

    /// Prints the counters of every function, and the hit ratio of all.
    pub fn end(self) {
        let stats = self.cache.stats();
        println!("\n{}", self.paint.bold("What the cache counted"));
        let head = ["call site", "hits", "misses", "loads", "joined", "hit ratio"];
        println!("  {}", self.paint.dim(&columns(head.map(str::to_owned))));
        for site in &stats.sites {
            println!("  {}", columns(counters(site.name, site)));
        }
        println!("  {}", self.paint.bold(&columns(counters("all", &stats.total))));
        println!();
    }
}
