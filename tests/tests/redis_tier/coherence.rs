//! Two caches on one server: what one changes reaches the local tier of the other.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use cache_runtime::testing::Probe;
use cache_runtime::{Cache, Redis, cached, invalidates};
use cache_tests::{Proxy, RedisServer, Source, eventually};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::RECOVERY;

const LONG: Duration = Duration::from_mins(10);

/// What a server tells takes to be acted upon; far less than any ttl here.
const SOON: Duration = Duration::from_secs(5);

#[cached(key = "version:<id>", ttl = "10m")]
async fn version(source: Source, id: u64) -> u64 {
    source.load().await
}

#[cached(key = "version:<id>", ttl = "10m", lock = true)]
async fn version_with_lock(source: Source, id: u64) -> u64 {
    source.load().await
}

#[invalidates(key = "version:<id>")]
async fn update(source: &Source, id: u64) -> u64 {
    source.update()
}

/// A cache of its own, of a source that all share.
pub(super) struct Process {
    cache: Cache,
    source: Source,
}

impl Process {
    fn on(url: &str, source: &Source) -> Self {
        Self::over(Redis::new(url).unwrap(), source)
    }

    pub(super) fn over(redis: Redis, source: &Source) -> Self {
        let builder = Cache::builder().namespace("shop").remote(redis);
        let cache = builder.local_ttl(LONG).disconnected_ttl(LONG).build();
        Self { cache, source: source.clone() }
    }

    pub(super) async fn connected(self) -> Self {
        eventually(RECOVERY, || async { self.cache.is_told() }).await;
        self
    }

    async fn read(&self) -> u64 {
        self.cache.scope(version(self.source.clone(), 1)).await
    }

    pub(super) async fn update(&self) {
        self.cache.scope(update(&self.source, 1)).await;
    }

    /// Reads until the local tier serves it: a remote hit or a load more is no local one.
    pub(super) async fn warm(&self) {
        let is_local = || async {
            let before = self.cache.stats();
            self.read().await;
            let after = self.cache.stats();
            (before.remote_hits, before.loads) == (after.remote_hits, after.loads)
        };
        eventually(SOON, is_local).await;
    }

    pub(super) async fn reads(&self, version: u64) {
        eventually(SOON, || async { self.read().await == version }).await;
    }
}

async fn pair(server: &RedisServer) -> (Process, Process, Source) {
    let source = Source::new();
    let here = Process::on(&server.url(), &source).connected().await;
    let there = Process::on(&server.url(), &source).connected().await;
    here.warm().await;
    there.warm().await;
    (here, there, source)
}

#[tokio::test]
async fn an_invalidation_reaches_the_other_local_tier() {
    let server = RedisServer::start();
    let (here, there, source) = pair(&server).await;
    here.cache.scope(update(&source, 1)).await;
    assert_eq!(here.read().await, 2);
    there.reads(2).await;
}

#[tokio::test]
async fn deletes_from_outside_reach_the_local_tier() {
    let server = RedisServer::start();
    let (here, _, source) = pair(&server).await;
    for (version, command) in
        (2..).zip([&["DEL", "shop:version:1"][..], &["UNLINK", "shop:version:1"], &["FLUSHALL"]])
    {
        source.update();
        server.cli(command);
        here.reads(version).await;
        here.warm().await;
    }
}

#[tokio::test]
async fn what_changed_while_the_feed_was_cut_is_not_served_after_it() {
    let server = RedisServer::start();
    let source = Source::new();
    let proxy = Proxy::to(server.port());
    let here = Process::on(&proxy.url(), &source).connected().await;
    let there = Process::on(&server.url(), &source).connected().await;
    here.warm().await;
    proxy.silence();
    there.cache.scope(update(&source, 1)).await;
    let lost = || async { here.cache.stats().feed_lost == 1 };
    eventually(SOON, lost).await;
    proxy.restore();
    let armed = || async { here.cache.stats().feed_armed == 2 };
    eventually(SOON, armed).await;
    assert_eq!(here.read().await, 2);
}

#[tokio::test]
async fn a_restarted_server_tells_again() {
    let mut server = RedisServer::start();
    let (here, there, source) = pair(&server).await;
    server.kill();
    server.restart();
    let armed = |process: &Process| process.cache.stats().feed_armed == 2;
    eventually(SOON, || async { armed(&here) && armed(&there) }).await;
    here.warm().await;
    there.cache.scope(update(&source, 1)).await;
    here.reads(2).await;
}

#[tokio::test]
async fn who_waits_for_a_lease_takes_over_when_its_owner_has_died() {
    const LEASE: Duration = Duration::from_millis(700);
    let server = RedisServer::start();
    let source = Source::new();
    let here = Process::on(&server.url(), &source).connected().await;
    let lease = b"\xC1L0123456789abcdef";
    let begun = Instant::now();
    let px = LEASE.as_millis().to_string();
    server.command(&[&b"SET"[..], b"shop:version:1", lease, b"PX", px.as_bytes()]);
    let (cache, from) = (here.cache.clone(), source.clone());
    let read = tokio::spawn(async move { cache.scope(version_with_lock(from, 1)).await });
    eventually(SOON, || async { here.cache.stats().lease_waits == 1 }).await;
    assert_eq!(source.loads(), 0);
    source.entered(1).await;
    assert!(begun.elapsed() >= LEASE, "the lease was not waited for");
    assert_eq!(read.await.unwrap(), 1);
}

/// Counts warnings that say `what`.
struct Warnings {
    what: &'static str,
    count: Arc<AtomicUsize>,
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Says<'a>(&'a str, bool);
        impl Visit for Says<'_> {
            fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
                self.1 |= format!("{value:?}").contains(self.0);
            }
        }
        let mut says = Says(self.what, false);
        event.record(&mut says);
        self.count.fetch_add(usize::from(says.1), SeqCst);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_user_who_may_not_track_is_warned_once_and_entries_live_shortly() {
    const SHORT: Duration = Duration::from_millis(300);
    let server = RedisServer::start();
    server.cli(&["ACL", "SETUSER", "ada", "on", ">secret", "~*", "+@all", "-client|tracking"]);
    let count = Arc::new(AtomicUsize::new(0));
    let warnings = Warnings { what: "no changes are told", count: count.clone() };
    let _guard = tracing::subscriber::set_default(warnings);

    let source = Source::new();
    let url = format!("redis://ada:secret@127.0.0.1:{}", server.port());
    let redis = Redis::new(url).unwrap();
    let builder = Cache::builder().namespace("shop").remote(redis).disconnected_ttl(SHORT);
    let here = Process { cache: builder.build(), source: source.clone() };
    let there = Process::on(&server.url(), &source).connected().await;
    here.warm().await;
    eventually(SOON, || async { count.load(SeqCst) == 1 }).await;
    there.cache.scope(update(&source, 1)).await;
    here.reads(2).await;
    let stats = here.cache.stats();
    assert_eq!((stats.feed_armed, count.load(SeqCst)), (0, 1));
}
