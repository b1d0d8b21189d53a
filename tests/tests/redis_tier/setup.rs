//! What a connection needs: a version, a password, a few permissions.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use cache_runtime::testing::{ChangeLog, conformance};
use cache_runtime::{ErrorKind, Redis, RemoteBackend};
use cache_tests::{Proxy, RedisServer, eventually};

use super::feed::Follower;
use super::{RECOVERY, TTL, fails_at_once, lease, serves, value};

/// What the cache needs to be allowed, on the keys of its namespace.
const PERMISSIONS: &str = "-@all +hello +auth +ping +client|tracking +client|id +get +getrange \
    +mget +set +unlink +pttl +pexpire +time +evalsha +eval +script|load +scan";

#[tokio::test]
async fn few_permissions_are_enough() {
    let server = RedisServer::start();
    let rules = format!("ACL SETUSER ada on >secret ~shop:* ~shop!* {PERMISSIONS}");
    server.command(&rules.split_whitespace().collect::<Vec<_>>());
    let url = server.url().replace("//", "//ada:secret@");
    let redis = Redis::new(url).unwrap();
    let follower = Follower::of(&redis).connected().await;
    for _ in 0..2 {
        let found = redis.get_or_set("shop:k", lease(), TTL).await.unwrap();
        assert_eq!(found, None);
        assert!(redis.extend("shop:k", lease(), TTL).await.unwrap());
        assert!(redis.replace("shop:k", lease(), value(), TTL).await.unwrap());
        assert_eq!(redis.get("shop:k").await.unwrap(), Some(value()));
        assert!(redis.holds("shop:k", value()).await.unwrap());
        redis.invalidate("shop:k").await.unwrap();
        follower.is_told("k").await;
        assert!(!redis.release("shop:k", lease()).await.unwrap());
        redis.get_or_set("shop:k", lease(), TTL).await.unwrap();
        redis.clear("shop:").await.unwrap();
        assert_eq!(redis.get_or_set("shop!refresh:k", lease(), TTL).await.unwrap(), None);
        assert!(redis.release("shop!refresh:k", lease()).await.unwrap());
        for writer in [1, 2] {
            redis.enter("shop:k", writer, TTL).await.unwrap();
            assert!(redis.stay("shop:k", writer, TTL).await.unwrap());
        }
        for writer in [1, 2] {
            redis.leave("shop:k", writer).await.unwrap();
        }
        server.command(&["SCRIPT", "FLUSH"]);
    }
    follower.log.outlive();
    eventually(RECOVERY, || async { follower.log.is_connected() }).await;
    assert_eq!(server.cli(&["ACL", "LOG"]), "", "nothing was refused");
    let error = redis.get("elsewhere").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_missing_or_wrong_password_makes_it_unavailable_until_it_is_right() {
    let server = RedisServer::start();
    let open = Redis::new(server.url()).unwrap();
    let right = Redis::new(server.url().replace("//", "//:secret@")).unwrap();
    let wrong = Redis::new(server.url().replace("//", "//:guess@")).unwrap();
    let mut admin = server.connection().unwrap();
    let mut set = |password: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("requirepass").arg(password);
        command.exec(&mut admin).unwrap();
    };
    set("secret");
    assert!(serves(&right).await);
    assert!(fails_at_once(&open).await);
    assert!(fails_at_once(&wrong).await);
    let error = wrong.get("key").await.unwrap_err();
    assert!(!format!("{error:?}").contains("guess"));
    set("");
    eventually(RECOVERY, || serves(&open)).await;
}

#[tokio::test]
async fn a_database_is_selected() {
    let server = RedisServer::start();
    let redis = Redis::new(format!("{}/3", server.url())).unwrap();
    redis.get_or_set("key", value(), TTL).await.unwrap();
    assert_eq!(server.cli(&["-n", "3", "EXISTS", "key"]), "1");
    assert_eq!(server.cli(&["EXISTS", "key"]), "0");
}

/// A server that answers everything with one reply.
fn always(reply: &'static [u8]) -> String {
    answering(move |_| reply)
}

/// A server that knows no commands but, perhaps, `INFO`.
fn knowing_no_hello(info: &'static [u8]) -> String {
    const UNKNOWN: &[u8] = b"-ERR unknown command 'HELLO', with args beginning with: '3' \r\n";
    answering(move |request| {
        let is_info = request.windows(4).any(|word| word == b"INFO");
        if is_info { info } else { UNKNOWN }
    })
}

fn answering(answer: impl Fn(&[u8]) -> &'static [u8] + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut request = [0; 4096];
            while let Ok(read @ 1..) = client.read(&mut request) {
                if client.write_all(answer(&request[..read])).is_err() {
                    break;
                }
            }
        }
    });
    url
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused_with_the_reason() {
    for (server, version) in [
        (always(b"%2\r\n+server\r\n+redis\r\n+version\r\n+6.2.14\r\n"), "6.2.14"),
        (knowing_no_hello(b"$35\r\n# Server\r\nredis_version:5.0.14\r\na:b\r\n"), "5.0.14"),
    ] {
        let redis = Redis::new(server).unwrap();
        let error = redis.get("key").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let message = error.to_string();
        assert!(message.contains("too old") && message.contains(version), "{message}");
    }
}

#[tokio::test]
async fn who_hides_the_version_is_believed_to_be_new_enough() {
    let redis = Redis::new(knowing_no_hello(b"-NOPERM no permission for 'info'\r\n")).unwrap();
    let message = redis.get("key").await.unwrap_err().to_string();
    assert!(message.contains("refused the command"), "{message}");
}

#[tokio::test]
async fn a_proxy_that_speaks_only_resp2_serves_commands() {
    let server = RedisServer::start();
    let proxy = Proxy::only_resp2(server.port());
    conformance::remote(|| Redis::new(proxy.url()).unwrap()).await;
    let redis = Redis::new(proxy.url()).unwrap();
    let changes = ChangeLog::new("shop:").changes();
    let error = redis.follow("shop:", changes).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("RESP2"), "{error}");
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_only_resp2_a_cut_is_mended() {
    let server = RedisServer::start();
    let proxy = Proxy::only_resp2(server.port());
    let redis = Redis::new(format!("{}/3", proxy.url())).unwrap();
    assert!(serves(&redis).await);
    proxy.cut();
    eventually(RECOVERY, || serves(&redis)).await;
    redis.get_or_set("key", value(), TTL).await.unwrap();
    assert_eq!(server.cli(&["-n", "3", "EXISTS", "key"]), "1");
}

#[tokio::test]
async fn what_speaks_another_protocol_is_no_server() {
    for reply in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"%1\r\n+a\r\n+b\r\n",
        b"*-7\r\n",
        b"$9999999999999\r\n",
    ] {
        let redis = Redis::new(always(reply)).unwrap();
        assert!(!serves(&redis).await);
        eventually(RECOVERY, || fails_at_once(&redis)).await;
    }
}
