//! Tables to read and JSON to keep.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::stats::{median, paired_ratio, quantile};
use crate::{kept, machine};

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
        kept::print(&self.json());
    }

    fn bases(&self) -> impl Iterator<Item = &Row> {
        self.bases.iter().filter_map(|base| self.rows.iter().find(|row| row.name == *base))
    }

    /// The same, to be kept.
    pub fn json(&self) -> Value {
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

/// A table of figures that are no samples.
#[derive(Debug)]
pub struct Table {
    /// What the figures are about.
    pub title: String,
    /// What each column says.
    pub heads: Vec<&'static str>,
    /// The column that has a chart.
    pub chart: Option<&'static str>,
    /// The figures of each case.
    pub rows: Vec<(&'static str, Vec<f64>)>,
}

impl Table {
    /// Prints it as Markdown.
    pub fn print(&self) {
        kept::print(&self.json());
    }

    /// The same, to be kept.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|(name, figures)| {
            // What is no number is null.
            let figures = self
                .heads
                .iter()
                .zip(figures)
                .map(|(head, figure)| ((*head).to_owned(), rounded(*figure)));
            let mut row: serde_json::Map<String, Value> = figures.collect();
            row.insert("name".to_owned(), json!(name));
            row
        });
        let rows: Vec<_> = rows.collect();
        json!({ "title": self.title, "chart": self.chart, "rows": rows })
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

/// Writes the reports of one binary, and the machine they come from; draws tables and charts beside.
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
    fs::write(path, format!("{all:#}\n"))?;
    kept::draw(path)
}
