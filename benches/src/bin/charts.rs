//! Draws the tables and charts of `docs/benchmarks` anew, from the figures that are kept there.

use std::error::Error;
use std::fs;
use std::path::Path;

use cache_benches::kept;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            kept::draw(&path)?;
        }
    }
    Ok(())
}
