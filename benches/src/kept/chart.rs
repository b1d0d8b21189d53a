//! Horizontal bars, as SVG.
//!
//! Written by hand: labels beside bars are most of the picture, and what plotting libraries know of
//! text is its height.

use serde_json::Value;

const WIDTH: f64 = 880.0;
const LABELS: f64 = 350.0;
const BARS: f64 = 410.0;
const TOP: f64 = 62.0;
const ROW: f64 = 24.0;
const BOTTOM: f64 = 34.0;

/// A card of its own colour: readable wherever it is shown.
const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}\
.title{font-size:15px;font-weight:600}.small{font-size:12px;fill:#59636e}\
.bar{fill:#afb8c1}.ours{fill:#1f6feb}.name.ours,.value.ours{fill:#0550ae;font-weight:600}\
.whisker{stroke:#24292f;stroke-width:1.2}";

struct Bar {
    name: String,
    value: f64,
    /// From where to where most samples lie.
    spread: Option<(f64, f64)>,
}

/// The chart of a report that has one: of medians, or of the column it names.
pub(super) fn of(report: &Value, caption: &str) -> Option<String> {
    let unit = report["unit"].as_str();
    let column = unit.map_or_else(|| report["chart"].as_str(), |_| Some("median"))?;
    let mut bars: Vec<Bar> =
        report["rows"].as_array()?.iter().filter_map(|row| bar(row, column)).collect();
    let is_rate = unit.is_some_and(|unit| unit.ends_with("/s"));
    bars.sort_by(
        |a, b| if is_rate { b.value.total_cmp(&a.value) } else { a.value.total_cmp(&b.value) },
    );
    let most = bars.iter().map(|bar| bar.spread.map_or(bar.value, |(_, high)| high.max(bar.value)));
    let most = most.fold(0.0, f64::max);
    let what = match (unit, spread_of(report)) {
        (Some(unit), Some((low, high))) => format!("{unit}, median; whiskers: {low} to {high}"),
        (Some(unit), None) => format!("{unit}, median"),
        (None, _) => column.to_owned(),
    };
    let better = if is_rate { "more is better" } else { "less is better" };
    let title = report["title"].as_str().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "there are dozens")]
    let height = TOP + ROW * bars.len() as f64 + BOTTOM;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">
<title>{0}</title>
<style>{STYLE}</style>
<rect x="0.5" y="0.5" width="{1}" height="{2}" rx="6" fill="#ffffff" stroke="#d0d7de"/>
<text class="title" x="20" y="27">{0}</text>
<text class="small" x="20" y="46">{3}; {better}</text>
"##,
        escaped(title),
        WIDTH - 1.0,
        height - 1.0,
        escaped(&what),
    );
    let mut y = TOP;
    for bar in &bars {
        svg += &bar.drawn(y, BARS / if most > 0.0 { most } else { 1.0 });
        y += ROW;
    }
    svg += &format!(
        "<text class=\"small\" x=\"20\" y=\"{}\">{}</text>\n</svg>\n",
        height - 12.0,
        escaped(caption)
    );
    Some(svg)
}

fn spread_of(report: &Value) -> Option<(&'static str, &'static str)> {
    let row = report["rows"].get(0)?;
    [("p10", "p90"), ("median", "p99")].into_iter().find(|(_, high)| !row[*high].is_null())
}

fn bar(row: &Value, column: &str) -> Option<Bar> {
    let spread = row["p10"].as_f64().zip(row["p90"].as_f64());
    let tail = row["median"].as_f64().zip(row["p99"].as_f64());
    Some(Bar {
        name: row["name"].as_str()?.to_owned(),
        value: row[column].as_f64()?,
        spread: if column == "median" { spread.or(tail) } else { None },
    })
}

impl Bar {
    /// All writes but the direct one are ours, and say how they go.
    fn is_ours(&self) -> bool {
        self.name.starts_with("ours") || self.name.starts_with("write-")
    }

    fn drawn(&self, y: f64, scale: f64) -> String {
        let ours = if self.is_ours() { " ours" } else { "" };
        let (middle, length) = (y + ROW / 2.0, (self.value * scale).max(1.0));
        let mut svg = format!(
            "<text class=\"name{ours}\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
            <rect class=\"bar{ours}\" x=\"{LABELS}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{}\" rx=\"2\"/>\n",
            LABELS - 8.0,
            middle + 4.5,
            escaped(&self.name),
            y + 4.0,
            ROW - 8.0,
        );
        let mut end = length;
        if let Some((low, high)) = self.spread.filter(|(low, high)| high > low) {
            let [from, to] = [low, high].map(|at| LABELS + at * scale);
            end = end.max(to - LABELS);
            let (above, below) = (middle - 4.0, middle + 4.0);
            svg += &format!(
                "<path class=\"whisker\" d=\"M{from:.1} {middle:.1}H{to:.1}M{from:.1} {above:.1}V{below:.1}M{to:.1} {above:.1}V{below:.1}\"/>\n"
            );
        }
        svg + &format!(
            "<text class=\"value{ours}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            LABELS + end + 8.0,
            middle + 4.5,
            text(self.value),
        )
    }
}

fn text(figure: f64) -> String {
    match figure {
        0.0 => "0".to_owned(),
        ..10.0 => format!("{figure:.2}"),
        ..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
