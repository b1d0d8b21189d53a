//! `cachelito-async`.

use std::sync::Arc;

use cachelito_async::cache_async;

use crate::contender::Contender;
use crate::hit::{Case, Returns};
use crate::stampede::slow;
use crate::workload::{LoadError, User, Value};

#[cache_async]
async fn number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cache_async]
async fn shared(id: u64) -> Result<Arc<User>, LoadError> {
    Value::try_load(id)
}

#[cache_async]
async fn owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

const NAME: &str = "cachelito-async #[cache_async], no ttl";

/// Its default.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    match returns {
        Returns::Number => vec![Case::annotated(NAME, n, number)],
        Returns::Shared => vec![Case::annotated(NAME, n, shared)],
        Returns::Owned => vec![Case::annotated(NAME, n, owned)],
    }
}

#[cache_async(limit = 100, policy = "fifo", ttl = 3600)]
async fn slow_bounded(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

/// Bounded, with a ttl.
pub fn stampedes() -> Vec<Contender> {
    vec![Contender::new("cachelito-async #[cache_async]", slow_bounded)]
}
