//! Connections by TLS, to servers that prove who they are.

use cache_runtime::testing::conformance;
use cache_runtime::{Redis, RemoteBackend};
use cache_tests::TlsServer;

use super::{TTL, fails_at_once, value};

#[tokio::test]
async fn a_server_is_a_remote_tier_by_tls() {
    let server = TlsServer::start();
    let redis = || Redis::new(server.url()).unwrap().root_certificates(server.root()).unwrap();
    conformance::remote(redis).await;
    conformance::feed(redis).await;
    redis().get_or_set("key", value(), TTL).await.unwrap();
    assert_eq!(server.server.cli(&["EXISTS", "key"]), "1");
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_talked_to() {
    let (server, other) = (TlsServer::start(), TlsServer::start());
    let stranger = Redis::new(server.url()).unwrap();
    assert!(fails_at_once(&stranger).await);
    let mistaken = Redis::new(server.url()).unwrap().root_certificates(other.root()).unwrap();
    assert!(fails_at_once(&mistaken).await);
}
