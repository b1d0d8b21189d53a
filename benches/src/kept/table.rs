//! A table in Markdown.

use serde_json::{Map, Value};

/// What a row may say of how far samples lie apart.
const SPREADS: [&str; 4] = ["p10", "p90", "p99", "max"];

/// A report of medians, or one with heads of its own.
pub(super) fn of(report: &Value) -> String {
    let rows: Vec<&Map<String, Value>> =
        report["rows"].as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    let Some(first) = rows.first() else {
        return String::new();
    };
    let unit = report["unit"].as_str();
    let columns = match unit {
        Some(unit) => medians(unit, &rows),
        None => first.keys().filter(|key| *key != "name").map(|key| Column::plain(key)).collect(),
    };
    let mut text = format!("| {} |\n|---{}|\n", heads(&columns), "|---:".repeat(columns.len()));
    for row in &rows {
        let figures: Vec<String> = columns.iter().map(|column| column.figure(row)).collect();
        text += &format!("| {} | {} |\n", name(row), figures.join(" | "));
    }
    for row in &rows {
        if let Some(loads) = row.get("loads").and_then(Value::as_u64).filter(|loads| *loads > 0) {
            text += &format!("\n{}: {loads} calls were no hits\n", name(row));
        }
    }
    text
}

struct Column {
    head: String,
    /// Where the figure stands in a row.
    place: Vec<String>,
    digits: usize,
}

impl Column {
    fn plain(key: &str) -> Self {
        Self { head: key.to_owned(), place: vec![key.to_owned()], digits: 2 }
    }

    fn figure(&self, row: &Map<String, Value>) -> String {
        let (first, rest) = (self.place.first(), self.place.get(1));
        let figure = first.and_then(|key| row.get(key));
        let figure = rest.map_or(figure, |key| figure?.get(key));
        let figure = figure.and_then(Value::as_f64);
        figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.*}", self.digits))
    }
}

fn medians(unit: &str, rows: &[&Map<String, Value>]) -> Vec<Column> {
    let has = |key: &str| rows.iter().any(|row| row.contains_key(key));
    let median = Column { head: unit.to_owned(), place: vec!["median".to_owned()], digits: 1 };
    let spreads = SPREADS.iter().filter(|key| has(key)).map(|key| Column {
        head: (*key).to_owned(),
        place: vec![(*key).to_owned()],
        digits: 1,
    });
    let ratios = rows[0].get("ratios").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let ratios = ratios.map(|base| Column {
        head: format!("× {base}"),
        place: vec!["ratios".to_owned(), base.clone()],
        digits: 2,
    });
    std::iter::once(median).chain(spreads).chain(ratios).collect()
}

fn heads(columns: &[Column]) -> String {
    let heads: Vec<&str> = columns.iter().map(|column| &*column.head).collect();
    format!("| {}", heads.join(" | "))
}

fn name(row: &Map<String, Value>) -> &str {
    row.get("name").and_then(Value::as_str).unwrap_or_default()
}
