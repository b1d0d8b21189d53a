//! Runs a call and prints what it took: hit or miss, queries, time, answer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_runtime::{Cache, Stats};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::terminal::{Paint, grouped, shortened, time};
use crate::{Country, Database, DbError, Subdivision, tiers};

/// Prints calls as they happen, one line each, in columns.
#[derive(Debug)]
pub struct Story<'a> {
    db: &'a Database,
    cache: Cache,
    paint: Paint,
}

impl<'a> Story<'a> {
    /// Begins a story about a database and the current cache.
    pub fn begin(title: &str, db: &'a Database) -> Self {
        let story = Self { db, cache: Cache::current(), paint: Paint::detect() };
        println!("\n{}", story.paint.bold(title));
        println!("{}", story.paint.dim(&format!("tiers: {}", tiers::describe())));
        story
    }

    /// Prints a heading.
    pub fn chapter(&self, title: &str) {
        println!("\n{}", self.paint.bold(title));
    }

    /// Awaits a call and prints a line about it.
    pub async fn call<T: Answer>(
        &self,
        label: &str,
        call: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        let before = self.mark();
        let answer = call.await?;
        let cost = self.since(&before);
        self.line(label, &cost, &self.outcome(&cost), &answer.describe());
        Ok(answer)
    }

    /// As [`call`](Self::call), and prints the error should it fail.
    pub async fn attempt<T: Answer>(
        &self,
        label: &str,
        call: impl Future<Output = Result<T, DbError>>,
    ) {
        let before = self.mark();
        let answer = match call.await {
            Ok(answer) => answer.describe(),
            Err(error) => error.to_string(),
        };
        let cost = self.since(&before);
        self.line(label, &cost, &self.outcome(&cost), &answer);
    }

    /// Lets time pass, and prints a line if something is asked meanwhile.
    pub async fn pause(&self, time: Duration) {
        let before = self.mark();
        sleep(time).await;
        let cost = self.since(&before);
        if cost.queries > 0 {
            self.line("", &cost, &self.paint.dim("meanwhile"), "");
        }
    }

    /// Awaits one call after another and prints a line about them all.
    pub async fn series<T>(
        &self,
        label: &str,
        calls: impl Iterator<Item = impl Future<Output = Result<T, DbError>>>,
    ) -> Result<(), DbError> {
        let before = self.mark();
        for call in calls {
            call.await?;
        }
        let cost = self.since(&before);
        let answer = format!("{} hits, {} misses", grouped(cost.hits), grouped(cost.misses));
        self.line(label, &cost, "", &answer);
        Ok(())
    }

    /// Spawns all calls at once and prints a line about them all.
    pub async fn crowd<T: Send + 'static>(
        &self,
        label: &str,
        calls: impl Iterator<Item = impl Future<Output = Result<T, DbError>> + Send + 'static>,
    ) -> Result<(), DbError> {
        let before = self.mark();
        let mut crowd: JoinSet<_> = calls.collect();
        while let Some(ended) = crowd.join_next().await {
            ended.map_err(DbError::other)??;
        }
        let cost = self.since(&before);
        let [waited, hits] = [cost.misses.saturating_sub(cost.loads), cost.hits].map(grouped);
        self.line(label, &cost, "", &format!("{waited} waited for it, {hits} came later"));
        Ok(())
    }

    /// Prints what the cache counted, by function and in all.
    pub fn end(self) {
        let stats = self.cache.stats();
        self.chapter("What the cache counted");
        let head = ["function", "hits", "misses", "loads", "joins", "hit ratio"];
        println!("  {}", self.paint.dim(&columns(head.map(str::to_owned))));
        for site in &stats.sites {
            let name = site.function.rsplit("::").next().unwrap_or_default();
            let counts = [site.hits, site.misses, site.loads, site.joins];
            println!("  {}", columns(counted(name, counts, site.hit_ratio())));
        }
        let counts = [stats.hits, stats.misses, stats.loads, stats.joins];
        let total = columns(counted("all", counts, stats.hit_ratio()));
        println!("  {}\n", self.paint.bold(&total));
    }

    fn mark(&self) -> Mark {
        Mark { stats: self.cache.stats(), queries: self.db.queries(), time: Instant::now() }
    }

    fn since(&self, before: &Mark) -> Cost {
        let time = before.time.elapsed();
        let stats = self.cache.stats();
        Cost {
            time,
            queries: self.db.queries() - before.queries,
            hits: stats.hits - before.stats.hits,
            remote_hits: stats.remote_hits - before.stats.remote_hits,
            stale_hits: stats.stale_hits - before.stats.stale_hits,
            misses: stats.misses - before.stats.misses,
            loads: stats.loads - before.stats.loads,
        }
    }

    fn outcome(&self, cost: &Cost) -> String {
        match cost {
            Cost { stale_hits: 1.., .. } => self.paint.yellow("hit, stale"),
            Cost { remote_hits: 1.., .. } => self.paint.green("hit, Redis"),
            Cost { hits: 1.., .. } => self.paint.green("hit"),
            Cost { misses: 1.., .. } => self.paint.yellow("miss"),
            _ => self.paint.bold("write"),
        }
    }

    fn line(&self, label: &str, cost: &Cost, outcome: &str, answer: &str) {
        let queries = match cost.queries {
            0 => self.paint.dim("no query"),
            1 => "1 query".to_owned(),
            n => format!("{} queries", grouped(n)),
        };
        println!(
            "  {}{}{}{:>10}   {}",
            padded(label, 24),
            padded(outcome, 12),
            padded(&queries, 12),
            time(cost.time),
            shortened(answer, 46)
        );
    }
}

struct Mark {
    stats: Stats,
    queries: u64,
    time: Instant,
}

struct Cost {
    time: Duration,
    queries: u64,
    hits: u64,
    remote_hits: u64,
    stale_hits: u64,
    misses: u64,
    loads: u64,
}

/// `text`, filled up to `width` columns; colours take none.
fn padded(text: &str, width: usize) -> String {
    let colours: usize =
        text.split('\x1b').skip(1).filter_map(|code| code.find('m')).map(|end| end + 2).sum();
    let seen = text.chars().count() - colours;
    format!("{text}{:1$}", "", width.saturating_sub(seen))
}

fn counted(name: &str, counts: [u64; 4], ratio: f64) -> [String; 6] {
    let [hits, misses, loads, joins] = counts.map(grouped);
    [name.to_owned(), hits, misses, loads, joins, format!("{:.1} %", 100.0 * ratio)]
}

fn columns([name, rest @ ..]: [String; 6]) -> String {
    rest.iter().fold(format!("{name:<20}"), |line, cell| format!("{line}{cell:>11}"))
}

/// What a call gives, in a few words.
pub trait Answer {
    /// The words.
    fn describe(&self) -> String;
}

impl Answer for Option<Country> {
    fn describe(&self) -> String {
        self.as_ref().map_or_else(|| "no such country".to_owned(), |country| country.name.clone())
    }
}

impl Answer for Arc<Vec<Subdivision>> {
    fn describe(&self) -> String {
        let names: Vec<&str> = self.iter().map(|subdivision| subdivision.name.as_str()).collect();
        format!("{}: {}", names.len(), names.join(", "))
    }
}
