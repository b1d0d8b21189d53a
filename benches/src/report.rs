//! Tables to read and JSON to keep.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::machine;
use crate::stats::{median, paired_ratio, quantile};

/// What one case gave.
#[derive(Debug)]
pub struct Row {
    /// What was measured.
    pub name: &'static str,
    /// One sample a round.
    pub samples: Vec<f64>,
    /// How often the body ran while hits were measured: anything but 0 spoils the row.
    pub loads: u64,
}

/// Which two samples of a row stand beside its median.
#[derive(Clone, Copy, Debug)]
pub enum Spread {
    /// Where most samples lie: what a round of many calls comes to.
    Middle,
    /// How bad it gets: what a single call may meet with.
    Tail,
}

impl Spread {
    fn quantiles(self) -> [(&'static str, f64); 2] {
        match self {
            Self::Middle => [("p10", 0.1), ("p90", 0.9)],
            Self::Tail => [("p99", 0.99), ("max", 1.0)],
        }
    }
}

/// One table: cases that took turns.
#[derive(Debug)]
pub struct Report {
    /// What the cases have in common.
    pub title: String,
    /// What a sample counts, such as `ns`.
    pub unit: &'static str,
    /// What is said beside the median.
    pub spread: Spread,
    /// The cases others are compared with, a column each.
    pub bases: Vec<&'static str>,
    /// The cases.
    pub rows: Vec<Row>,
}

impl Report {
    /// Prints the table as Markdown.
    pub fn print(&self) {
        println!("\n### {}\n", self.title);
        let bases: Vec<&Row> = self.bases().collect();
        let heads: Vec<String> = bases.iter().map(|base| format!(" × {} |", base.name)).collect();
        let [(low, _), (high, _)] = self.spread.quantiles();
        println!("| | {} | {low} | {high} |{}", self.unit, heads.concat());
        println!("|---|---:|---:|---:|{}", "---:|".repeat(bases.len()));
        for row in &self.rows {
            let [low, high] = self.spread.quantiles().map(|(_, q)| quantile(&row.samples, q));
            let middle = median(&row.samples);
            let ratios = bases.iter().map(|base| format!(" {:.2} |", row.ratio(base)));
            let ratios = ratios.collect::<Vec<_>>().concat();
            println!("| {} | {middle:.1} | {low:.1} | {high:.1} |{ratios}", row.name);
        }
        for row in self.rows.iter().filter(|row| row.loads > 0) {
            println!("\n{}: {} calls were no hits", row.name, row.loads);
        }
    }

    fn bases(&self) -> impl Iterator<Item = &Row> {
        self.bases.iter().filter_map(|base| self.rows.iter().find(|row| row.name == *base))
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let ratios = self.bases().map(|base| (base.name.to_owned(), rounded(row.ratio(base))));
            let mut said = json!({
                "name": row.name,
                "median": rounded(median(&row.samples)),
                "ratios": ratios.collect::<serde_json::Map<_, _>>(),
                "loads": row.loads,
            });
            for (name, q) in self.spread.quantiles() {
                said[name] = rounded(quantile(&row.samples, q));
            }
            said
        });
        json!({ "title": self.title, "unit": self.unit, "rows": rows.collect::<Vec<_>>() })
    }
}

impl Row {
    fn ratio(&self, base: &Self) -> f64 {
        paired_ratio(&self.samples, &base.samples)
    }
}

/// Two decimals: more would be noise, and a change of it.
fn rounded(number: f64) -> Value {
    json!((number * 100.0).round() / 100.0)
}

/// Writes the reports of one binary, and the machine they come from.
pub fn write(path: &Path, area: &str, rounds: usize, reports: &[Report]) -> std::io::Result<()> {
    write_json(path, area, rounds, &reports.iter().map(Report::json).collect::<Vec<_>>())
}

/// The same, of reports of another kind.
pub fn write_json(
    path: &Path,
    area: &str,
    rounds: usize,
    reports: &[Value],
) -> std::io::Result<()> {
    let all = json!({
        "area": area,
        "rounds": rounds,
        "machine": machine::describe(),
        "reports": reports,
    });
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, format!("{all:#}\n"))
}
