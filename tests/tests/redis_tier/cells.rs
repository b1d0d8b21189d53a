//! What the commands do to cells, and to what is none.

use cache_runtime::testing::conformance;
use cache_runtime::{ErrorKind, Redis, RemoteBackend};
use cache_tests::RedisServer;

use super::{TTL, lease, serves, value};

#[tokio::test]
async fn redis_is_a_remote_tier() {
    let server = RedisServer::start();
    conformance::remote(|| Redis::new(server.url()).unwrap()).await;
}

#[tokio::test]
async fn another_type_of_data_is_told_and_left_alone() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    for make in ["LPUSH k a", "SADD k a", "HSET k a 1", "ZADD k 1 a", "XADD k 1-1 a 1"] {
        let words: Vec<&str> = make.split(' ').collect();
        server.command(&words);
        let before = server.command(&["DUMP", "k"]);
        let kinds = [
            redis.get("k").await.unwrap_err().kind(),
            redis.get_or_set("k", value(), TTL).await.unwrap_err().kind(),
            redis.replace("k", lease(), value(), TTL).await.unwrap_err().kind(),
            redis.extend("k", lease(), TTL).await.unwrap_err().kind(),
            redis.release("k", lease()).await.unwrap_err().kind(),
            redis.holds("k", lease()).await.unwrap_err().kind(),
            redis.invalidate("k").await.unwrap_err().kind(),
            redis.enter("k", 1, TTL).await.unwrap_err().kind(),
            redis.stay("k", 1, TTL).await.unwrap_err().kind(),
            redis.leave("k", 1).await.unwrap_err().kind(),
        ];
        assert_eq!(kinds, [ErrorKind::Foreign; 10], "{make}");
        redis.clear("k").await.unwrap();
        assert_eq!(server.command(&["DUMP", "k"]), before, "{make}");
        server.command(&["DEL", "k"]);
    }
}

#[tokio::test]
async fn scripts_are_sent_again_after_a_flush() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    for _ in 0..2 {
        server.command(&["SCRIPT", "FLUSH"]);
        redis.get_or_set("k", lease(), TTL).await.unwrap();
        assert!(redis.extend("k", lease(), TTL).await.unwrap());
        assert!(redis.replace("k", lease(), value(), TTL).await.unwrap());
        redis.invalidate("k").await.unwrap();
        redis.get_or_set("k", lease(), TTL).await.unwrap();
        assert!(redis.release("k", lease()).await.unwrap());
        redis.clear("").await.unwrap();
        redis.enter("k", 1, TTL).await.unwrap();
        assert!(redis.stay("k", 1, TTL).await.unwrap());
        redis.leave("k", 1).await.unwrap();
    }
}

#[tokio::test]
async fn out_of_memory_it_still_reads_and_invalidates() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    redis.get_or_set("full", value(), TTL).await.unwrap();
    redis.get_or_set("leased", lease(), TTL).await.unwrap();
    for writer in [1, 2] {
        redis.enter("barred", writer, TTL).await.unwrap();
    }
    server.set_max_memory(1);

    let refused = [
        redis.get_or_set("new", lease(), TTL).await.unwrap_err().kind(),
        redis.replace("leased", lease(), value(), TTL).await.unwrap_err().kind(),
        redis.enter("leased", 1, TTL).await.unwrap_err().kind(),
    ];
    assert_eq!(refused, [ErrorKind::Full; 3]);
    assert!(redis.stay("barred", 1, TTL).await.unwrap());
    for writer in [1, 2] {
        redis.leave("barred", writer).await.unwrap();
    }
    assert_eq!(redis.get("full").await.unwrap(), Some(value()));
    assert!(redis.extend("leased", lease(), TTL).await.unwrap());
    assert!(redis.release("leased", lease()).await.unwrap());
    redis.invalidate("full").await.unwrap();
    assert_eq!(server.cli(&["DBSIZE"]), "0");

    server.set_max_memory(0);
    assert_eq!(redis.get_or_set("new", lease(), TTL).await.unwrap(), None);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_connection_in_order() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    assert!(serves(&redis).await);
    server.freeze();
    for _ in 0..10 {
        let dropped = redis.get_or_set("dropped", lease(), TTL);
        let moment = std::time::Duration::from_millis(1);
        assert!(tokio::time::timeout(moment, dropped).await.is_err());
    }
    server.thaw();
    assert_eq!(redis.get_or_set("kept", value(), TTL).await.unwrap(), None);
    assert_eq!(redis.get("kept").await.unwrap(), Some(value()));
    assert_eq!(redis.get("dropped").await.unwrap(), Some(lease()));
}
