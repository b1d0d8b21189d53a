//! The cache of the examples: the tiers whose feature is on.
//!
//! A program of its own needs none of this: with no [`Cache::install`], the features of
//! `cache-runtime` decide. In this workspace other packages turn features on too, so that the
//! examples go by their own.

use std::path::Path;

use cache_runtime::{Builder, Cache, FileJournal, Result};

/// Installs a cache whose remote keys begin with `namespace`.
pub fn install(namespace: &str) -> Result<Cache> {
    install_built(Cache::builder().name(namespace).namespace(namespace))
}

/// The same; what is written behind waits in Redis, if that is one of the tiers, else in the file
/// `journal`.
pub fn install_with_journal(namespace: &str, journal: &Path) -> Result<Cache> {
    let builder = Cache::builder().name(namespace).namespace(namespace);
    install_built(if cfg!(feature = "redis") {
        builder
    } else {
        builder.journal(FileJournal::new(journal))
    })
}

fn install_built(builder: Builder) -> Result<Cache> {
    #[cfg(not(feature = "moka"))]
    let builder = builder.no_local();
    #[cfg(not(feature = "redis"))]
    let builder = builder.no_remote();
    let cache = builder.build();
    cache.clone().install()?;
    Ok(cache)
}

/// The tiers, nearest first.
pub fn describe() -> &'static str {
    match (cfg!(feature = "moka"), cfg!(feature = "redis")) {
        (true, true) => "moka in this process, then Redis",
        (true, false) => "moka in this process",
        (false, true) => "Redis",
        (false, false) => "none: turn on the feature `moka` or `redis`",
    }
}
