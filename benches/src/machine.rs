//! Where and with what a figure was measured.

use std::fs;

use serde_json::{Value, json};

/// The machine, and the versions of what ran on it.
pub fn describe() -> Value {
    json!({
        "cpu": cpu(),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "os": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "versions": versions(),
    })
}

/// The machine in one line.
pub fn line() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", cpu())
}

/// How many tasks want to run, over the last minute.
pub fn load() -> String {
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load average {}", average.split(' ').next().unwrap_or("unknown"))
}

fn cpu() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|info| {
            let line = info.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown CPU".to_owned())
}

const MEASURED: [&str; 14] = [
    "cache-runtime",
    "cached",
    "cachelito-async",
    "fnct",
    "fred",
    "hitbox",
    "hitbox-moka",
    "hitbox-redis",
    "moka",
    "multi-tier-cache",
    "oxcache",
    "quick_cache",
    "redis",
    "tokio",
];

/// The versions in the lock file: what was measured is what was built.
fn versions() -> Value {
    let lock = include_str!("../../Cargo.lock");
    let versions = lock.split("[[package]]").filter_map(|package| {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim_matches([' ', '=', '"']).to_owned())
        };
        let (name, version) = (field("name")?, field("version")?);
        MEASURED.contains(&name.as_str()).then_some((name, version))
    });
    // Of two versions of one package the newest stands last.
    versions
        .map(|(name, version)| (name, Value::String(version)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
