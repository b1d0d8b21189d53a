//! A journal that is out of reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use cache_runtime::{
    Cache, Claimed, DeadLetter, Error, ErrorKind, Journal, LossyJournal, Put, Ready, Redis, Result,
    Settled, Write,
};
use cache_tests::{RedisServer, eventually, poll_once};

use super::table::Table;
use super::{Item, LONG, Version, get_item, item, save};

/// A journal that fails while it is told to.
#[derive(Clone, Default)]
struct Flaky {
    inner: LossyJournal,
    fails: Arc<AtomicBool>,
    /// What it answers to a settlement is lost on the way.
    loses: Arc<AtomicBool>,
}

impl Flaky {
    fn fail(&self, fails: bool) {
        self.fails.store(fails, SeqCst);
    }

    fn try_it(&self) -> Result<&LossyJournal> {
        if self.fails.load(SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "told to fail"));
        }
        Ok(&self.inner)
    }
}

impl Journal for Flaky {
    async fn now(&self) -> Result<u64> {
        self.try_it()?.now().await
    }

    async fn put(&self, write: Write) -> Result<Put> {
        self.try_it()?.put(write).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.try_it()?.get(key).await
    }

    async fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        self.try_it()?.claim(function, most, hold, ready).await
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        self.try_it()?.settle(function, settled).await?;
        if self.loses.load(SeqCst) {
            return Err(Error::new(ErrorKind::Timeout, "told to lose the answer"));
        }
        Ok(())
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        self.try_it()?.forget(function, key, before).await
    }

    async fn waiting(&self, function: &str) -> Result<u64> {
        self.try_it()?.waiting(function).await
    }

    async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        self.try_it()?.dead(function).await
    }

    async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        self.try_it()?.revive(function, key, again).await
    }
}

fn flaky() -> (Flaky, Cache, Table) {
    let journal = Flaky::default();
    let cache = Cache::builder().no_remote().journal(journal.clone()).build();
    (journal, cache, Table::new())
}

#[tokio::test]
async fn the_write_is_made_at_once() {
    let (journal, cache, table) = flaky();
    journal.fail(true);
    cache.scope(save(item(&table, 1, 7))).await.unwrap();
    assert_eq!(table.stock(1), Some(7));
    assert_eq!(cache.scope(get_item(table.number(), 1)).await, Ok(Some(7)));
    assert_eq!(table.loads(), 0, "written through");
    journal.fail(false);
    cache.scope(save(item(&table, 1, 8))).await.unwrap();
    assert_eq!(table.stock(1), Some(7), "the journal takes writes again");
}

#[tokio::test]
async fn its_own_error_is_the_callers() {
    let (journal, cache, table) = flaky();
    journal.fail(true);
    table.refuse(1);
    assert_eq!(cache.scope(save(item(&table, 1, 7))).await, Err("1 is refused".to_owned()));
    assert_eq!(cache.scope(get_item(table.number(), 1)).await, Ok(None));
}

#[tokio::test]
async fn what_waited_before_does_not_replace_what_was_written_meanwhile() {
    let (journal, cache, table) = flaky();
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            journal.fail(true);
            save(item(&table, 1, 8)).await.unwrap();
            assert_eq!(table.stock(1), Some(8));
            journal.fail(false);
            get_item::entry(&table.number(), &1).invalidate().await.unwrap();
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)), "nor what is read");
            save::flush().await.unwrap();
            assert_eq!((table.stock(1), table.statements()), (Some(8), 1), "it was forgotten");
        })
        .await;
}

/// Also where nobody can tell the journal to forget it.
#[tokio::test]
async fn the_version_of_a_write_that_waited_is_older_than_that_of_one_made_meanwhile() {
    let (journal, cache, table) = flaky();
    let other = Cache::builder().no_remote().journal(journal.clone()).build();
    cache.scope(save(item(&table, 1, 7))).await.unwrap();
    journal.fail(true);
    other.scope(save(item(&table, 1, 8))).await.unwrap();
    drop(other);
    journal.fail(false);
    cache.scope(save::flush()).await.unwrap();
    assert_eq!(table.stock(1), Some(8));
}

#[tokio::test]
async fn what_is_loaded_while_nobody_knows_what_waits_is_not_kept() {
    let (journal, cache, table) = flaky();
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            get_item::entry(&table.number(), &1).invalidate().await.unwrap();
            journal.fail(true);
            assert_eq!(get_item(table.number(), 1).await, Ok(None), "all there is to be had");
            journal.fail(false);
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)));
        })
        .await;
}

#[tokio::test]
async fn a_server_that_is_gone_costs_no_acknowledged_write() {
    let mut server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let cache = Cache::builder().namespace("shop").remote(redis).build();
    let table = Table::new();
    cache.scope(save(item(&table, 1, 7))).await.unwrap();
    cache.scope(save::flush()).await.unwrap();
    server.kill();
    cache.scope(save(item(&table, 1, 8))).await.unwrap();
    assert_eq!(table.stock(1), Some(8));
    assert_eq!(cache.scope(get_item(table.number(), 1)).await, Ok(Some(8)));
    server.restart();
    eventually(LONG, || async { cache.scope(save::pending()).await.is_ok() }).await;
    cache.scope(save(item(&table, 1, 9))).await.unwrap();
    cache.scope(save::flush()).await.unwrap();
    assert_eq!(table.stock(1), Some(9));
}

#[tokio::test]
async fn a_write_that_a_frozen_server_gets_late_is_not_taken() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let cache = Cache::builder().namespace("shop").remote(redis).build();
    let table = Table::new();
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            save::flush().await.unwrap();
            server.freeze();
            save(item(&table, 1, 8)).await.unwrap();
            assert_eq!(table.stock(1), Some(8), "made at once");
            server.thaw();
            eventually(LONG, || async { save::pending().await.is_ok_and(|it| it == 0) }).await;
        })
        .await;
    assert_eq!(server.cli(&["HLEN", "shop:{~journal}:rows"]), "0");
}

#[tokio::test]
async fn a_damaged_row_holds_up_no_other() {
    let server = RedisServer::start();
    let redis = Redis::new(server.url()).unwrap();
    let cache = Cache::builder().namespace("shop").remote(redis).build();
    let table = Table::new();
    for id in [1, 3] {
        let damaged = format!("item:{}:{id}", table.number());
        server.command(&["HSET", "shop:{~journal}:rows", &damaged, "rubbish"]);
        server.command(&["ZADD", "shop:{~journal}:due:write_behind::save", "1", &damaged]);
    }
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            assert_eq!(table.stock(1), Some(7), "made at once");
            save(item(&table, 2, 8)).await.unwrap();
            let inside = cache.clone();
            let flush = tokio::spawn(async move { inside.scope(save::flush()).await });
            eventually(LONG, || async { table.stock(2) == Some(8) }).await;
            // Its row is taken out of the journal once it is made.
            let not_written_anew = format!("item:{}:3", table.number());
            let left = || server.cli(&["HKEYS", "shop:{~journal}:rows"]);
            eventually(LONG, || async { left() == not_written_anew }).await;
            flush.abort();
        })
        .await;
}

/// Commits, and then does not return.
#[cache_runtime::write_behind(key = "item:<item.table>:<item.id>", value = item.stock, every = "1h")]
async fn save_and_stay(item: Item) -> std::result::Result<(), String> {
    let row = [(item.id, item.stock, Version::current())];
    Table::of(item.table).write(&row).await?;
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn what_waited_is_not_read_after_a_write_made_meanwhile_whose_caller_has_left() {
    let (journal, cache, table) = flaky();
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            journal.fail(true);
            let mut write = Box::pin(save_and_stay(item(&table, 1, 8)));
            while table.stock(1) != Some(8) {
                assert!(poll_once(write.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
            drop(write);
            journal.fail(false);
            // Past the hold of its barrier.
            tokio::time::sleep(LONG).await;
            get_item(table.number(), 1).await.unwrap();
            save::flush().await.unwrap();
            assert_eq!(table.stock(1), Some(8), "what waited was older");
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)), "and does not stay cached");
        })
        .await;
}

/// It has ended before it could tell the journal.
#[tokio::test]
async fn what_waited_does_not_stay_cached_after_a_write_that_another_process_made_meanwhile() {
    let (journal, cache, table) = flaky();
    let other = Cache::builder().no_remote().journal(journal.clone()).build();
    cache.scope(save(item(&table, 1, 7))).await.unwrap();
    journal.fail(true);
    other.scope(save(item(&table, 1, 8))).await.unwrap();
    drop(other);
    journal.fail(false);
    cache
        .scope(async {
            get_item::entry(&table.number(), &1).invalidate().await.unwrap();
            get_item(table.number(), 1).await.unwrap();
            save::flush().await.unwrap();
            assert_eq!(table.stock(1), Some(8), "what waited was older");
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)), "and does not stay cached");
        })
        .await;
}

#[tokio::test]
async fn what_was_given_up_does_not_stay_cached_where_the_journals_answer_was_lost() {
    let (journal, cache, table) = flaky();
    table.refuse(1);
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            for _ in 0..2 {
                save::flush().await.unwrap_err();
            }
            journal.loses.store(true, SeqCst);
            save::flush().await.unwrap_err();
            journal.loses.store(false, SeqCst);
            assert_eq!(save::dead().await.unwrap().len(), 1);
            save::flush().await.unwrap();
            assert_eq!(get_item(table.number(), 1).await, Ok(None), "it was never written");
        })
        .await;
}
