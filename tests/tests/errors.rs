//! A load that fails: each caller gets an error of the function's own type, and soon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::unused_async)]

use std::fmt;
use std::time::Duration;

use cache_runtime::{SharedError, cached};
use cache_tests::{Source, on_all_tiers};
use tokio::task::JoinSet;

const CALLERS: usize = 30;

#[derive(Debug, Clone, PartialEq)]
struct Clonable(u64);

#[cached(key = "clonable")]
async fn clonable(source: Source) -> Result<u64, Clonable> {
    Err(Clonable(source.load().await))
}

#[cached(key = "anyhow")]
async fn reported(source: Source) -> anyhow::Result<u64> {
    let cause = std::io::Error::other(format!("version {}", source.load().await));
    Err(anyhow::Error::new(cause).context("no value"))
}

#[derive(Debug)]
struct Neither(u64);

#[cached(key = "neither")]
async fn neither(source: Source) -> Result<u64, Neither> {
    Err(Neither(source.load().await))
}

#[derive(Debug)]
enum Own {
    Load(std::io::Error),
    Shared(SharedError),
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the load failed")
    }
}

impl std::error::Error for Own {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Load(error) => Some(error),
            Self::Shared(error) => Some(error),
        }
    }
}

impl From<SharedError> for Own {
    fn from(error: SharedError) -> Self {
        Self::Shared(error)
    }
}

#[cached(key = "own")]
async fn own(source: Source) -> Result<u64, Own> {
    source.load().await;
    Err(Own::Load(std::io::Error::other("gone")))
}

/// What thirty callers get that come while the first one's load is held.
macro_rules! at_once {
    ($tiers:ident, $source:ident, $function:ident) => {{
        let held = $source.hold();
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (cache, source) = ($tiers.cache.clone(), $source.clone());
            callers.spawn(async move { cache.scope($function(source)).await });
        }
        $source.entered(1).await;
        drop(held);
        let results = callers.join_all().await;
        $tiers.landed().await;
        assert!(results.iter().all(Result::is_err));
        results.into_iter().filter_map(Result::err).collect::<Vec<_>>()
    }};
}

#[tokio::test]
async fn an_error_that_clones_is_loaded_once() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let errors = at_once!(tiers, source, clonable);
        assert_eq!(errors, vec![Clonable(1); CALLERS]);
        assert_eq!(source.loads(), 1);
        assert_eq!(clonable::stats().load_errors, 1);
    })
    .await;
}

#[tokio::test]
async fn a_report_is_shared_with_the_texts_of_its_sources() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let errors = at_once!(tiers, source, reported);
        assert_eq!(source.loads(), 1);
        for error in &errors {
            assert_eq!(format!("{error:#}"), "no value: version 1");
        }
        let own = errors.iter().filter(|error| error.is::<SharedError>()).count();
        assert_eq!(own, CALLERS - 1, "who ran the load gets the error itself");
    })
    .await;
}

#[tokio::test]
async fn an_error_made_from_a_shared_one_is_loaded_once() {
    on_all_tiers(async |tiers| {
        let source = Source::new();
        let errors = at_once!(tiers, source, own);
        assert_eq!(source.loads(), 1);
        assert_eq!(errors.iter().filter(|error| matches!(error, Own::Load(_))).count(), 1);
        let shared = errors.iter().find_map(|error| match error {
            Own::Shared(error) => Some(format!("{error:?}")),
            Own::Load(_) => None,
        });
        assert_eq!(shared.as_deref(), Some("the load failed: gone"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_neither_is_loaded_by_eight_at_a_time() {
    #[cached(key = "slow")]
    async fn slow(source: Source) -> Result<u64, Neither> {
        Err(Neither(source.load_slowly(Duration::from_millis(100)).await))
    }

    on_all_tiers(async |tiers| {
        let source = Source::new();
        let began = tokio::time::Instant::now();
        let errors = at_once!(tiers, source, slow);
        let loads = began.elapsed().as_millis().div_ceil(100);
        assert_eq!(errors.len(), CALLERS);
        assert!(errors.iter().all(|Neither(version)| *version == 1));
        assert!(source.most_at_once() <= 8, "{} at once", source.most_at_once());
        assert!(loads <= 1 + CALLERS.div_ceil(8) as u128, "it took {loads} loads' time");
    })
    .await;
}

#[tokio::test]
async fn an_error_is_never_stored() {
    on_all_tiers(async |_| {
        let source = Source::new();
        for loads in 1..=3 {
            assert!(clonable(source.clone()).await.is_err());
            assert!(neither(source.clone()).await.is_err());
            assert_eq!(source.loads(), 2 * loads);
        }
        assert_eq!(clonable::stats().load_errors, 3);
    })
    .await;
}
