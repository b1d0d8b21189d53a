//! Calls that pass the cache by, and values that are not stored.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use cache_runtime::{KeyPart, cached};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Runs, on_clock};

type Fetched<T> = Result<T, String>;

#[derive(Clone)]
struct Service {
    tenant: u32,
    secret: u64,
}

static RUNS: Runs = Runs::new();
static MAINTENANCE: AtomicBool = AtomicBool::new(false);

#[cached(key = "when:<id>", when = !force && name.len() < 3)]
async fn when(id: u64, force: bool, name: &str) -> (u64, u32) {
    (id, RUNS.run() + u32::from(name.is_empty()))
}

#[cached(key = "pair:<a>", when = a > 0 && text.len() > b && c.is_some())]
async fn patterns((a, b): (u64, usize), text: String, &(ref c, d): &(Option<u8>, u8)) -> u32 {
    let _ = (a, b, text, c, d);
    RUNS.run()
}

#[cached(key = "generic:<id>", when = !MAINTENANCE.load(Relaxed))]
async fn generic<T: KeyPart>(id: T) -> Fetched<u32> {
    let _id = id;
    Ok(RUNS.run())
}

impl Service {
    #[cached(key = "when:<self.tenant>:<id>", when = self.allows(id))]
    async fn when(&self, (id, _): (u64, u8)) -> Fetched<u32> {
        let _ = id;
        Ok(RUNS.run())
    }

    fn allows(&self, id: u64) -> bool {
        id != self.secret
    }
}

#[tokio::test]
async fn what_is_not_to_be_cached_is_neither_looked_up_nor_stored() {
    let (cache, _) = on_clock();
    let service = Service { tenant: 1, secret: 7 };
    cache
        .scope(async {
            let first = when(1, false, "a").await;
            assert_eq!(when(1, false, "b").await, first);
            assert_ne!(when(1, true, "a").await, first);
            assert_ne!(when(1, false, "abc").await, first);
            assert_ne!(when::refresh(1, true, "a").await, first);
            assert_eq!(when(1, false, "b").await, first);

            let some = &(Some(1), 2);
            let first = patterns((1, 0), "a".to_owned(), some).await;
            assert_eq!(patterns((1, 0), "b".to_owned(), some).await, first);
            assert_ne!(patterns((1, 1), "a".to_owned(), some).await, first);
            assert_ne!(patterns((1, 0), "a".to_owned(), &(None, 2)).await, first);

            let first = service.when((1, 0)).await;
            assert_eq!(service.when((1, 0)).await, first);
            let first = service.when((7, 0)).await;
            assert_ne!(service.when((7, 0)).await, first);

            let first = generic(1).await;
            assert_eq!(generic(1).await, first);
            MAINTENANCE.store(true, Relaxed);
            assert_ne!(generic(1).await, first);
        })
        .await;
}

#[cached(key = "unless:<id>", unless = value.0 > limit || value.1.ends_with(suffix))]
async fn unless(id: u64, limit: u32, suffix: &str, text: String) -> (u32, String) {
    let _ = (id, limit, suffix);
    (RUNS.run(), text)
}

#[cached(key = "parts:<a>", unless = b > 0 || c.contains(value), detach)]
async fn parts((a, b): (u64, u64), (c, _): &(Vec<u32>, u8)) -> u32 {
    let _ = (a, b, c);
    RUNS.run()
}

#[cached(key = "shadow:<id>", unless = value.iter().any(|id| *id < 1), stale = "1m")]
async fn shadowed(id: u32) -> Fetched<Vec<u32>> {
    Ok(vec![id, RUNS.run()])
}

#[cached(key = "generic:<id>", unless = value.0 == T::default())]
async fn generic_unless<T>(id: u64, given: T) -> Option<(T, u32)>
where
    T: Clone + Default + PartialEq + Serialize + DeserializeOwned,
    T: Send + Sync + 'static,
{
    let _ = id;
    Some((given, RUNS.run()))
}

impl Service {
    #[cached(key = "unless:<self.tenant>:<id>", unless = !self.allows(value.0), detach)]
    async fn unless(&self, id: u64) -> Option<(u64, u32)> {
        Some((id, RUNS.run()))
    }

    #[cached(key = "mut:<self.tenant>:<id>", unless = self.secret == id)]
    async fn unless_mut(&mut self, id: u64) -> u32 {
        let _ = id;
        RUNS.run()
    }

    #[cached(key = "owned:<self.tenant>:<id>", unless = self.secret == value.0)]
    async fn unless_owned(self, (id, _): (u64, u8)) -> (u64, u32) {
        (id, RUNS.run())
    }
}

#[tokio::test]
async fn values_that_are_not_to_be_stored_are_not() {
    let (cache, _) = on_clock();
    let service = Service { tenant: 1, secret: 0 };
    let text = || "text".to_owned();
    for_each_shape!(cache, call => {
        for stored in [false, true] {
            let first = call(stored).await;
            assert_eq!(call(stored).await == first, stored);
        }
    };
        async |stored| unless(1 + u64::from(stored), if stored { 1000 } else { 0 }, "a", text()).await.0,
        async |stored| unless(3, 1000, if stored { "a" } else { "xt" }, text()).await.0,
        async |stored: bool| parts((1, u64::from(!stored)), &(vec![], 0)).await,
        async |stored| shadowed(u32::from(stored)).await.unwrap()[1],
        async |stored| generic_unless(u64::from(stored), u8::from(stored)).await.unwrap().1,
        async |stored| service.unless(u64::from(stored)).await.unwrap().1,
        async |stored| service.clone().unless_mut(u64::from(stored)).await,
        async |stored| service.clone().unless_owned((u64::from(stored), 0)).await.1
    );
}
