//! `quick_cache`: no clock, no ttl; the fastest bounded store there is.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::contender::Contender;
use crate::hit::{Case, Returns};
use crate::stampede::{slow, slow_shared};
use crate::workload::{User, Value, index};

/// The name of the case a hit of ours on it is held against.
pub const BY_STR: &str = "quick_cache get(&str), key at hand";

fn key(id: u64) -> String {
    format!("user:{id}")
}

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
        texts.insert(key(id), V::load(id));
    }
    let texts = Arc::new(texts);
    let (by_format, keys) = (texts.clone(), (0..n).map(key).collect::<Vec<_>>());
    vec![
        Case::direct("quick_cache get(&u64)", move |id| numbers.get(&id)),
        Case::direct(BY_STR, move |id| texts.get(keys[index(id, keys.len())].as_str())),
        Case::direct("quick_cache get(&str), key by format!", move |id| {
            by_format.get(key(id).as_str())
        }),
    ]
}

/// One load a key, by its own entry API.
pub fn stampedes() -> Vec<Contender> {
    let (cache, shared) = (Arc::new(Cache::new(100)), Arc::new(Cache::new(100)));
    vec![
        Contender::new("quick_cache get_or_insert_async", move |id| {
            let cache = Arc::clone(&cache);
            async move { cache.get_or_insert_async(&id, slow(id)).await }
        }),
        Contender::new("quick_cache get_or_insert_async → Arc<User>", move |id| {
            let cache = Arc::clone(&shared);
            async move { cache.get_or_insert_async(&id, slow_shared(id)).await }
        }),
    ]
}
