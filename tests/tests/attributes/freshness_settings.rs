//! What the settings on freshness do to functions of every shape. What happens around the end of a
//! value's life has tests of its own.

use std::time::Duration;

use async_trait::async_trait;
use cache_runtime::{KeyPart, cached};
use serde::{Deserialize, Serialize};

use crate::{Runs, on_clock};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: u32 = 60;

/// The run that failed.
#[derive(Debug, Clone, PartialEq)]
struct Failed(u32);

type Fetched<T> = Result<T, Failed>;

/// A value that says how long it lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Token {
    run: u32,
    seconds: u64,
}

impl Token {
    fn life(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[derive(Clone)]
struct Service {
    tenant: u32,
    secret: u64,
}

mod forever {
    use super::*;

    static RUNS: Runs = Runs::new();

    #[cached(key = "forever:<id>", ttl = "forever")]
    async fn free(id: u64) -> (u64, u32) {
        (id, RUNS.run())
    }

    #[tokio::test]
    async fn an_entry_may_live_forever() {
        let (cache, clock) = on_clock();
        cache
            .scope(async {
                let first = free(1).await;
                clock.advance(Duration::from_hours(24 * 365));
                assert_eq!(free(1).await, first);
            })
            .await;
    }
}

mod ttl_of_value {
    use super::*;

    static RUNS: Runs = Runs::new();

    #[cached(key = "token:<seconds>", ttl = |token| Duration::from_secs(token.seconds))]
    async fn free(seconds: u64) -> Token {
        Token { run: RUNS.run(), seconds }
    }

    #[cached(key = "alias:<seconds>", ttl = |&Token { seconds, .. }| Duration::from_secs(seconds))]
    async fn alias(seconds: u64) -> Fetched<Option<Token>> {
        Ok(Some(Token { run: RUNS.run(), seconds }))
    }

    #[cached(key = "generic:<seconds>", ttl = |token: &(T, u64)| Duration::from_secs(token.1))]
    async fn generic<T>(seconds: u64, value: T) -> (T, u64)
    where
        T: Clone + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        RUNS.run();
        (value, seconds)
    }

    impl Service {
        #[cached(key = "<self.tenant>:<seconds>", ttl = |token| token.life(), companion = token_entry)]
        async fn token(&self, seconds: u64) -> Option<Token> {
            Some(Token { run: RUNS.run(), seconds })
        }
    }

    #[tokio::test]
    async fn a_value_may_say_how_long_it_lives() {
        let (cache, clock) = on_clock();
        let service = Service { tenant: 1, secret: 0 };
        for_each_shape!(cache, call => {
            let (short, long) = (call(5).await, call(50).await);
            clock.advance(SECOND * 6);
            assert_ne!(call(5).await, short);
            assert_eq!(call(50).await, long);
        };
            async |seconds| Some(free(seconds).await),
            async |seconds| alias(seconds).await.unwrap(),
            async |seconds| service.token(seconds).await
        );
    }

    #[tokio::test]
    async fn so_does_one_that_is_put() {
        let (cache, clock) = on_clock();
        let service = Service { tenant: 2, secret: 0 };
        let put = Token { run: 0, seconds: 3 };
        cache
            .scope(async {
                free::entry(&7).put(put.clone()).await.unwrap();
                service.token_entry(&7).put(put.clone()).await.unwrap();
                assert_eq!(free(7).await, put);
                assert_eq!(service.token(7).await, Some(put.clone()));
                clock.advance(SECOND * 4);
                assert_ne!(free(7).await, put);
                assert_ne!(service.token(7).await, Some(put));
            })
            .await;
    }

    #[tokio::test]
    async fn generic_functions_have_such_values() {
        let (cache, clock) = on_clock();
        cache
            .scope(async {
                let before = RUNS.count();
                generic(5, 1).await;
                clock.advance(SECOND * 4);
                assert_eq!(generic::refresh(5, 2).await, (2, 5));
                clock.advance(SECOND * 4);
                assert_eq!(generic(5, 3).await, (2, 5));
                clock.advance(SECOND * 2);
                assert_eq!(generic(5, 4).await, (4, 5));
                assert!(RUNS.count() >= before + 3);
            })
            .await;
    }
}

mod none {
    use super::*;

    static RUNS: Runs = Runs::new();

    #[cached(key = "briefly:<id>", none_ttl = "1500ms")]
    async fn briefly(id: u64) -> Option<u64> {
        RUNS.run();
        (id > 0).then_some(id)
    }

    #[cached(key = "long:<id>", none_ttl = 2 * MINUTE)]
    async fn long(id: u64) -> Fetched<Option<u64>> {
        RUNS.run();
        Ok((id > 0).then_some(id))
    }

    impl Service {
        #[cached(key = "none:<self.tenant>:<id>", none_ttl = "never")]
        async fn never(&self, id: u64) -> Option<u64> {
            RUNS.run();
            (id > 0).then_some(id)
        }
    }

    #[tokio::test]
    async fn none_has_a_life_of_its_own() {
        let (cache, clock) = on_clock();
        let service = Service { tenant: 1, secret: 0 };
        let all = async |id| {
            let before = RUNS.count();
            let found = (briefly(id).await, long(id).await, service.never(id).await);
            assert_eq!(found, (found.0, Ok(found.0), found.0));
            RUNS.count() - before
        };
        cache
            .scope(async {
                assert_eq!((all(0).await, all(1).await), (3, 3));
                assert_eq!((all(0).await, all(1).await), (1, 0));
                clock.advance(SECOND * 2);
                assert_eq!((all(0).await, all(1).await), (2, 0));
                clock.advance(SECOND * 119);
                assert_eq!((all(0).await, all(1).await), (3, 0));
            })
            .await;
    }
}

mod errors {
    use super::*;

    static RUNS: Runs = Runs::new();

    #[cached(key = "fails:<id>", err_ttl = "5s")]
    async fn free(id: u64) -> Result<u64, Failed> {
        if id > 0 { Err(Failed(RUNS.run())) } else { Ok(id) }
    }

    #[cached(key = "alias:<id>", err_ttl = Duration::from_secs(5))]
    async fn alias(id: u64) -> Fetched<Option<u64>> {
        if id > 0 { Err(Failed(RUNS.run())) } else { Ok(None) }
    }

    #[cached(key = "generic:<id>", err_ttl = 5)]
    async fn generic<T: KeyPart>(id: T) -> Fetched<u64> {
        let _id = id;
        Err(Failed(RUNS.run()))
    }

    impl Service {
        #[cached(key = "fails:of:<self.tenant>", err_ttl = MINUTE / 12)]
        async fn fails(&self) -> Fetched<u64> {
            Err(Failed(RUNS.run()))
        }
    }

    #[tokio::test]
    async fn errors_may_be_remembered() {
        let (cache, clock) = on_clock();
        let service = Service { tenant: 1, secret: 0 };
        for_each_shape!(cache, call => {
            let first = call().await;
            assert_eq!(call().await, first);
            clock.advance(SECOND * 6);
            assert_ne!(call().await, first);
        };
            async || free(1).await.unwrap_err(),
            async || alias(1).await.unwrap_err(),
            async || generic(1).await.unwrap_err(),
            async || service.fails().await.unwrap_err()
        );
    }
}

#[async_trait]
trait Store {
    async fn get(&self, id: u64) -> Fetched<Token>;
}

static RUNS: Runs = Runs::new();

#[async_trait]
impl Store for Service {
    #[cached(
        key = "boxed:<self.tenant>:<id>",
        ttl = |value| value.life(),
        when = id < 100,
        unless = value.seconds == self.secret,
        err_ttl = "5s",
        jitter = 0.1
    )]
    async fn get(&self, id: u64) -> Fetched<Token> {
        let run = RUNS.run();
        if id == 0 { Err(Failed(run)) } else { Ok(Token { run, seconds: id }) }
    }
}

#[tokio::test]
async fn a_boxed_method_has_them_too() {
    let (cache, clock) = on_clock();
    let service = Service { tenant: 1, secret: 7 };
    let get = async |id| service.get(id).await;
    cache
        .scope(async {
            let (kept, failed) = (get(10).await, get(0).await);
            assert_eq!((get(10).await, get(0).await), (kept.clone(), failed.clone()));
            let (unless, when) = (get(7).await, get(100).await);
            assert_ne!((get(7).await, get(100).await), (unless, when));
            clock.advance(SECOND * 11);
            assert_ne!(get(10).await, kept);
            assert_ne!(get(0).await, failed);
        })
        .await;
}
