//! Tables and charts, drawn from figures that were kept: what is shown is what was measured.

mod chart;
mod table;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// Draws what the figures in `json` say, beside them: `NAME.md`, and `NAME-1.svg` and so on.
///
/// What stands above the first table of `NAME.md` is written by hand, and stays.
pub fn draw(json: &Path) -> io::Result<()> {
    for (name, text) in drawn(json)? {
        fs::write(json.with_file_name(name), text)?;
    }
    Ok(())
}

/// Prints the table of one report.
pub fn print(report: &Value) {
    let title = report["title"].as_str().unwrap_or_default();
    println!("\n### {title}\n\n{}", table::of(report).trim_end());
}

/// The names of these files, and what is in them.
pub fn drawn(json: &Path) -> io::Result<Vec<(String, String)>> {
    let figures: Value = serde_json::from_str(&fs::read_to_string(json)?)?;
    let area = json.file_stem().unwrap_or_default().to_string_lossy();
    let page = json.with_extension("md");
    let mut text = match fs::read_to_string(&page) {
        Ok(page) => page.split("\n### ").next().unwrap_or_default().trim_end().to_owned(),
        Err(_) => head(&area, &figures),
    };
    let mut files = Vec::new();
    for (number, report) in reports(&figures).iter().enumerate() {
        let title = report["title"].as_str().unwrap_or_default();
        text += &format!("\n\n### {title}\n");
        if let Some(chart) = chart::of(report, &caption(&figures)) {
            let name = format!("{area}-{}.svg", number + 1);
            // Angle brackets would be taken for tags.
            text += &format!("\n![{}]({name})\n", title.replace('<', "‹").replace('>', "›"));
            files.push((name, chart));
        }
        text += "\n";
        text += table::of(report).trim_end();
    }
    files.push((format!("{area}.md"), text + "\n"));
    Ok(files)
}

fn reports(figures: &Value) -> &[Value] {
    figures["reports"].as_array().map_or(&[], Vec::as_slice)
}

fn head(area: &str, figures: &Value) -> String {
    let run = format!("`cargo run --release -p cache-benches --bin {area}`");
    format!("# {area}\n\n{run}\n\n{}", caption(figures))
}

/// Where and how often it was measured.
fn caption(figures: &Value) -> String {
    let machine = &figures["machine"];
    let cpu = machine["cpu"].as_str().unwrap_or("unknown CPU");
    let rounds = figures["rounds"].as_u64();
    let rounds = rounds.map(|rounds| format!(", {rounds} rounds")).unwrap_or_default();
    format!("{cpu}, {} cores{rounds}", machine["cores"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_in_the_docs_is_what_was_kept() -> io::Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
        let mut kept = 0;
        for file in fs::read_dir(&folder)? {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            kept += 1;
            for (name, text) in drawn(&path)? {
                let shown = fs::read_to_string(folder.join(&name)).unwrap_or_default();
                assert!(shown == text, "{name} is of other figures: `--bin charts` draws it anew");
            }
        }
        assert!(kept > 0);
        Ok(())
    }
}
