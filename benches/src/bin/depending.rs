//! What it costs to depend on a cache: packages, builds and code.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use cache_benches::depending::{self, APPS, App, Project, Step};
use cache_benches::flags::Flags;
use cache_benches::machine;
use cache_benches::report::{self, Report, Row, Spread, Table};
use cache_benches::turns;
use serde_json::Value;

const USAGE: &str = "\
usage: depending [--rounds N] [--apps WORD,…] [--only WORD,…] [--lock FILE] [--json FILE]

  --rounds N    builds of each kind
  --apps WORDS  of plain, moka, cached, concurrent and ours
  --only WORDS  of size, clean, check and build
  --lock FILE   is held by each build that counts, where a machine is shared
  --json FILE   keeps the figures, such as in docs/benchmarks/depending.json";

fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::read(USAGE);
    let rounds = flags.number("rounds", 5);
    println!("{}, {rounds} rounds", machine::line());
    let apps: Vec<&App> = APPS.iter().filter(|app| chosen(&flags, app)).collect();
    let folder = std::env::temp_dir().join(format!("cache-depending-{}", std::process::id()));
    let reports = measure(&flags, &apps, rounds, &folder);
    fs::remove_dir_all(&folder)?;
    let reports = reports?;
    if let Some(file) = flags.text("json") {
        report::write_json(Path::new(file), "depending", rounds, &reports)?;
    }
    Ok(())
}

fn chosen(flags: &Flags, app: &App) -> bool {
    flags.text("apps").is_none_or(|apps| apps.split(',').any(|word| word == app.folder))
}

fn measure(flags: &Flags, apps: &[&App], rounds: usize, folder: &Path) -> io::Result<Vec<Value>> {
    let lock = flags.text("lock").map(File::open).transpose()?;
    let mut reports = Vec::new();
    for (word, step, title) in STEPS {
        if flags.wants(word) {
            let report = time(apps, step, title, rounds, folder, lock.as_ref())?;
            report.print();
            reports.push(report.json());
        }
    }
    if flags.wants("size") {
        let table = sizes(apps, folder)?;
        table.print();
        reports.push(table.json());
    }
    Ok(reports)
}

/// What needs to be counted once.
fn sizes(apps: &[&App], folder: &Path) -> io::Result<Table> {
    let mut rows = Vec::new();
    for app in apps {
        let folder = folder.join(format!("size-{}", app.folder));
        let packages = depending::packages(app, &folder)?;
        let [small, large] = depending::sizes(app, &folder)?;
        fs::remove_dir_all(&folder)?;
        #[expect(clippy::cast_precision_loss, reason = "megabytes at most")]
        let kilobytes = |bytes: u64| bytes as f64 / 1024.0;
        let further = kilobytes(large - small) / MORE;
        #[expect(clippy::cast_precision_loss, reason = "dozens")]
        rows.push((app.name, vec![packages as f64, kilobytes(small), further]));
    }
    let heads = vec!["packages", "small app: KiB", "each further function: KiB"];
    let title = "packages, and code and constants of the release binary".to_owned();
    Ok(Table { title, heads, chart: Some("each further function: KiB"), rows })
}

/// How many functions the large app has more than the small one.
const MORE: f64 = 96.0;

const STEPS: [(&str, Step, &str); 3] = [
    ("clean", Step::Clean, "clean cargo build of a small app, with all it depends on"),
    ("check", Step::Check, "cargo check of 100 functions, dependencies at hand"),
    ("build", Step::Build, "cargo build of 100 functions, dependencies at hand"),
];

fn time(
    apps: &[&App],
    step: Step,
    title: &str,
    rounds: usize,
    folder: &Path,
    lock: Option<&File>,
) -> io::Result<Report> {
    let folder = |app: &App| folder.join(format!("{step:?}-{}", app.folder));
    let projects: Vec<Project> =
        apps.iter().map(|app| Project::new(app, step, &folder(app))).collect::<io::Result<_>>()?;
    let mut failed = Ok(());
    let samples = turns::take_after(0, rounds, projects.len(), |turn| {
        let took = alone(lock, || projects[turn.case].time());
        took.map_or_else(
            |error| {
                failed = Err(error);
                f64::NAN
            },
            |seconds| seconds * 1000.0,
        )
    });
    failed?;
    let rows = apps.iter().zip(samples);
    Ok(Report {
        title: title.to_owned(),
        unit: "ms",
        spread: Spread::Middle,
        bases: vec!["tokio and serde alone", "cached #[cached]"],
        rows: rows.map(|(app, samples)| Row { name: app.name, samples, loads: 0 }).collect(),
    })
}

/// Runs `build` while nobody else holds the lock.
fn alone(lock: Option<&File>, build: impl FnOnce() -> io::Result<f64>) -> io::Result<f64> {
    lock.map_or(Ok(()), File::lock)?;
    let took = build();
    lock.map_or(Ok(()), File::unlock)?;
    took
}
