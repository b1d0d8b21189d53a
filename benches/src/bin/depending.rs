//! What it costs to depend on a cache: packages, builds and code.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use cache_benches::depending::{self, APPS, App, Project, Step};
use cache_benches::flags::Flags;
use cache_benches::machine;
use cache_benches::report::{self, Report, Row, Spread};
use cache_benches::turns;

const USAGE: &str = "\
usage: depending [--rounds N] [--apps WORD,…] [--only WORD,…] [--lock FILE] [--json FILE]

  --rounds N    builds of each kind
  --apps WORDS  of plain, moka, cached, concurrent and ours
  --only WORDS  of packages, size, clean, check and build
  --lock FILE   is held through each round, for machines that are shared
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
    reports.iter().for_each(Report::print);
    if let Some(file) = flags.text("json") {
        report::write(Path::new(file), "depending", rounds, &reports)?;
    }
    Ok(())
}

fn chosen(flags: &Flags, app: &App) -> bool {
    flags.text("apps").is_none_or(|apps| apps.split(',').any(|word| word == app.folder))
}

fn measure(flags: &Flags, apps: &[&App], rounds: usize, folder: &Path) -> io::Result<Vec<Report>> {
    let lock = flags.text("lock").map(File::open).transpose()?;
    let mut reports = Vec::new();
    for (word, step, title) in STEPS {
        if flags.wants(word) {
            reports.push(time(apps, step, title, rounds, folder, lock.as_ref())?);
        }
    }
    Ok(reports)
}
const STEPS: [(&str, Step, &str); 3] = [
    ("clean", Step::Clean, "clean cargo build of a small app"),
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
    let samples = turns::take(rounds, projects.len(), |turn| {
        let lock = lock.map(|file| file.lock().map(|()| file));
        let took = projects[turn.case].time();
        if let Some(Ok(file)) = lock {
            let _ = file.unlock();
        }
        took.unwrap_or_else(|error| {
            failed = Err(error);
            f64::NAN
        })
    });
    failed?;
    let rows = apps.iter().zip(samples);
    Ok(Report {
        title: title.to_owned(),
        unit: "s",
        spread: Spread::Middle,
        bases: vec!["tokio and serde alone", "cached #[cached]"],
        rows: rows.map(|(app, samples)| Row { name: app.name, samples, loads: 0 }).collect(),
    })
}
