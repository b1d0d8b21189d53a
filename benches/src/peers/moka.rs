//! moka, as one uses it by hand.

use std::sync::Arc;
use std::time::Duration;

use moka::{future, sync};

use crate::contender::Contender;
use crate::expiry::origin::load;
use crate::expiry::{Case as Expiry, ttl};
use crate::hit::{Case, Returns, block_on};
use crate::stampede::{slow, slow_shared};
use crate::workload::{User, Value, index};

/// The name of the case a hit of ours is held against.
pub const BY_STR: &str = "moka sync get(&str), key at hand";

const HOUR: Duration = Duration::from_hours(1);

/// Moka by key type and by where its key comes from.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    match returns {
        Returns::Number => all::<u64>(n),
        Returns::Shared => all::<Arc<User>>(n),
        Returns::Owned => all::<User>(n),
    }
}

fn all<V: Value>(n: u64) -> Vec<Case> {
    let numbers = filled::<u64, V>(n, |id| id);
    let texts = filled::<String, V>(n, key);
    let expiring = sync::Cache::builder().max_capacity(2 * n).time_to_live(HOUR).build();
    (0..n).for_each(|id| expiring.insert(key(id), V::load(id)));
    let futures = future::Cache::builder().max_capacity(2 * n).time_to_live(HOUR).build();
    block_on(async {
        for id in 0..n {
            futures.insert(key(id), V::load(id)).await;
        }
    });
    vec![
        Case::direct("moka sync get(&u64)", move |id| numbers.get(&id)),
        at_hand(BY_STR, n, texts.clone()),
        at_hand("moka sync get(&str), key at hand, ttl", n, expiring),
        Case::direct("moka sync get(&str), key by format!", move |id| texts.get(key(id).as_str())),
        Case::awaited("moka future try_get_with, key by format!, ttl", async move |id| {
            futures.try_get_with(key(id), async { V::try_load(id) }).await
        }),
    ]
}

fn key(id: u64) -> String {
    format!("user:{id}")
}

fn filled<K, V: Value>(n: u64, key: impl Fn(u64) -> K) -> sync::Cache<K, V>
where
    K: Eq + std::hash::Hash + Send + Sync + 'static,
{
    let cache = sync::Cache::new(2 * n);
    (0..n).for_each(|id| cache.insert(key(id), V::load(id)));
    cache
}

fn at_hand<V: Value>(name: &'static str, n: u64, cache: sync::Cache<String, V>) -> Case {
    let keys: Vec<String> = (0..n).map(key).collect();
    Case::direct(name, move |id| cache.get(keys[index(id, keys.len())].as_str()))
}

/// One load a key, by moka's own entry API.
pub fn stampedes() -> Vec<Contender> {
    let (cache, shared) = (future::Cache::new(100), future::Cache::new(100));
    vec![
        Contender::new("moka future try_get_with", move |id| {
            let cache = cache.clone();
            async move { cache.try_get_with(id, slow(id)).await }
        }),
        Contender::new("moka future try_get_with → Arc<User>", move |id| {
            let cache = shared.clone();
            async move { cache.try_get_with(id, slow_shared(id)).await }
        }),
    ]
}

const HIT: &str = "moka future try_get_with, no ttl";

/// It has nothing against waiting: who finds the entry expired loads, and all others wait.
pub fn expiries() -> Vec<Expiry> {
    let expiring = future::Cache::builder().max_capacity(100).time_to_live(ttl()).build();
    vec![
        Expiry::control(try_get_with(HIT, future::Cache::new(100))),
        Expiry::new(try_get_with("moka future try_get_with, ttl", expiring), HIT),
    ]
}

fn try_get_with(name: &'static str, cache: future::Cache<String, User>) -> Contender {
    Contender::new(name, move |id| {
        let cache = cache.clone();
        async move { cache.try_get_with(format!("hot:{id}"), load(id)).await }
    })
}
