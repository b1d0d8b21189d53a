//! `quick_cache`: no clock, no ttl; the fastest bounded store there is.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::contender::Contender;
use crate::hit::{Case, Returns};
use crate::stampede::slow;
use crate::workload::{User, Value};

/// By number and by text.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    match returns {
        Returns::Number => both::<u64>(n),
        Returns::Shared => both::<Arc<User>>(n),
        Returns::Owned => both::<User>(n),
    }
}

fn both<V: Value>(n: u64) -> Vec<Case> {
    let capacity = usize::try_from(2 * n).unwrap_or(usize::MAX);
    let (numbers, texts) = (Cache::new(capacity), Cache::new(capacity));
    for id in 0..n {
        numbers.insert(id, V::load(id));
        texts.insert(format!("user:{id}"), V::load(id));
    }
    vec![
        Case::direct("quick_cache get(&u64)", move |id| numbers.get(&id)),
        Case::direct("quick_cache get(&str), key by format!", move |id| {
            texts.get(format!("user:{id}").as_str())
        }),
    ]
}

/// One load a key, by its own entry API.
pub fn stampedes() -> Vec<Contender> {
    let cache = Arc::new(Cache::new(100));
    vec![Contender::new("quick_cache get_or_insert_async", move |id| {
        let cache = Arc::clone(&cache);
        async move { cache.get_or_insert_async(&id, slow(id)).await }
    })]
}
