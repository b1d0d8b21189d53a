//! `oxcache`: keeps bytes, so nothing can be shared.

use std::time::Duration;

use ::oxcache::{Cache, cached};

use crate::contender::Contender;
use crate::hit::{Case, Returns, block_on};
use crate::stampede::slow;
use crate::workload::{LoadError, User, Value};

#[cached(service = "bench", ttl = 3600, key = "number:{id}")]
async fn number(id: u64) -> Result<u64, LoadError> {
    u64::try_load(id)
}

#[cached(service = "bench", ttl = 3600, key = "user:{id}")]
async fn owned(id: u64) -> Result<User, LoadError> {
    User::try_load(id)
}

const NAME: &str = "oxcache #[cached(key = \"user:{id}\")]";

/// By a key template.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    block_on(register());
    match returns {
        Returns::Number => vec![Case::annotated(NAME, n, number)],
        Returns::Owned => vec![Case::annotated(NAME, n, owned)],
        Returns::Shared => Vec::new(),
    }
}

/// What its macros look up by name.
#[expect(clippy::expect_used, reason = "without it nothing here means anything")]
async fn register() {
    let builder = Cache::<String, Vec<u8>>::builder();
    let cache = builder.capacity(200_000).ttl(Duration::from_hours(1)).build().await;
    cache.expect("memory alone").register_for_macro("bench").await.expect("a free name");
}

#[cached(service = "bench", ttl = 3600, key = "slow:{id}")]
async fn slow_user(id: u64) -> Result<User, LoadError> {
    slow(id).await
}

/// Its default.
pub async fn stampedes() -> Vec<Contender> {
    register().await;
    vec![Contender::new("oxcache #[cached]", slow_user)]
}
