//! Writes that others overtake, on ways around the journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use cache_runtime::{
    Cache, Claimed, DeadLetter, Error, ErrorKind, Journal, LossyJournal, Put, Ready, Result,
    Settled, Version, Write, write_behind,
};
use cache_tests::{Tiers, eventually};

use super::table::Table;
use super::{Item, get_item, item, save};

/// A journal that can be cut off, forgets nothing while it is told so, and whose clock is behind.
#[derive(Clone, Default)]
struct Odd {
    inner: LossyJournal,
    is_cut_off: Arc<AtomicBool>,
    keeps: Arc<AtomicBool>,
    behind: Arc<AtomicU64>,
}

impl Odd {
    fn cut_off(&self, is_cut_off: bool) {
        self.is_cut_off.store(is_cut_off, SeqCst);
    }

    fn try_it(&self) -> Result<&LossyJournal> {
        if self.is_cut_off.load(SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "told to fail"));
        }
        Ok(&self.inner)
    }

    fn shown(&self, sequence: u64) -> u64 {
        sequence - self.behind.load(SeqCst)
    }

    fn inside(&self, shown: u64) -> u64 {
        shown.saturating_add(self.behind.load(SeqCst))
    }
}

impl Journal for Odd {
    async fn now(&self) -> Result<u64> {
        Ok(self.shown(self.try_it()?.now().await?))
    }

    async fn put(&self, write: Write) -> Result<Put> {
        let until = self.inside(write.until);
        Ok(match self.try_it()?.put(Write { until, ..write }).await? {
            Put::Taken { sequence, waiting } => {
                Put::Taken { sequence: self.shown(sequence), waiting }
            }
            Put::Refused { sequence } => Put::Refused { sequence: self.shown(sequence) },
            Put::Late => Put::Late,
        })
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
        let claimed = self.try_it()?.claim(function, most, hold, ready).await?;
        let claimed = claimed.into_iter();
        Ok(claimed.map(|it| Claimed { sequence: self.shown(it.sequence), ..it }).collect())
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        let settled = settled.into_iter();
        let settled = settled.map(|it| Settled { sequence: self.inside(it.sequence), ..it });
        self.try_it()?.settle(function, settled.collect()).await
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        if self.keeps.load(SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "told to keep it"));
        }
        self.try_it()?.forget(function, key, self.inside(before)).await
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

fn odd() -> (Odd, Cache, Table) {
    let journal = Odd::default();
    let cache = Cache::builder().no_remote().journal(journal.clone()).build();
    (journal, cache, Table::new())
}

/// Another function that writes what `save` does.
#[write_behind(key = "item:<item.table>:<item.id>", value = item.stock, every = "1h")]
async fn correct(item: Item) -> Result<(), String> {
    Table::of(item.table).write(&[(item.id, item.stock, Version::current())]).await
}

/// It says nothing of the version that readers have, and so has another one.
#[write_behind(
    key = "item:<item.table>:<item.id>", value = item.stock, version = 2, every = "1h"
)]
async fn save_anew(item: Item) -> Result<(), String> {
    Table::of(item.table).write(&[(item.id, item.stock, Version::current())]).await
}

async fn evict(table: &Table, id: u64) {
    get_item::entry(&table.number(), &id).invalidate().await.unwrap();
}

#[tokio::test]
async fn a_write_that_waits_is_read_also_after_one_that_was_made_without_the_journal() {
    let (journal, cache, table) = odd();
    cache
        .scope(async {
            journal.cut_off(true);
            save(item(&table, 1, 7)).await.unwrap();
            assert_eq!(table.stock(1), Some(7));
            journal.keeps.store(true, SeqCst); // nobody has told it yet what was written
            journal.cut_off(false);
            save(item(&table, 1, 8)).await.unwrap();
            assert_eq!(table.stock(1), Some(7), "it waits");
            evict(&table, 1).await;
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)));
        })
        .await;
}

#[tokio::test]
async fn what_others_read_before_it_was_forgotten_does_not_stay() {
    let journal = Odd::default();
    let tiers = Tiers::built("remote", |builder| builder.journal(journal.clone()));
    let builder = Cache::builder().namespace("test").clock(tiers.clock.clone()).no_local();
    let other = builder.remote(tiers.cells.clone()).journal(journal.clone()).build();
    let table = Table::new();
    tiers
        .cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            journal.cut_off(true);
            journal.keeps.store(true, SeqCst);
            save(item(&table, 1, 8)).await.unwrap();
            assert_eq!(table.stock(1), Some(8));
            journal.cut_off(false);
            tiers.cells.delete(&format!("test:item:{}:1", table.number()));
            other.scope(get_item(table.number(), 1)).await.unwrap(); // finds 7 in the journal
            journal.keeps.store(false, SeqCst);
            save::flush().await.unwrap();
            assert_eq!(save::pending().await.unwrap(), 0);
            let read = || async { other.scope(get_item(table.number(), 1)).await };
            eventually(Duration::from_secs(2), || async { read().await == Ok(Some(8)) }).await;
        })
        .await;
}

#[tokio::test]
async fn the_write_of_another_function_is_not_read_any_more_after_one_that_was_made_at_once() {
    let (_, cache, table) = odd();
    cache
        .scope(async {
            save(item(&table, 1, 7)).await.unwrap();
            correct(item(&table, 1, 8)).await.unwrap();
            assert_eq!(table.stock(1), Some(8), "made at once");
            evict(&table, 1).await;
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)));
            save::flush().await.unwrap();
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)));
        })
        .await;
}

#[tokio::test]
async fn what_a_reader_can_not_open_it_does_not_take_for_nothing() {
    let (_, cache, table) = odd();
    cache
        .scope(async {
            save_anew(item(&table, 1, 7)).await.unwrap();
            assert_eq!(get_item(table.number(), 1).await, Ok(None), "all there is to be had");
            save_anew::flush().await.unwrap();
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)), "and it was not kept");
        })
        .await;
}

#[tokio::test]
async fn what_is_replayed_is_not_read_in_place_of_what_was_written_since() {
    let (_, cache, table) = odd();
    cache
        .scope(async {
            table.refuse(1);
            save(item(&table, 1, 7)).await.unwrap();
            while save::dead().await.unwrap().is_empty() {
                save::flush().await.unwrap_err();
            }
            table.accept(1);
            save(item(&table, 1, 8)).await.unwrap();
            save::flush().await.unwrap();
            save::dead().await.unwrap()[0].replay().await.unwrap();
            let meanwhile = get_item(table.number(), 1).await;
            save::flush().await.unwrap();
            assert_eq!(table.stock(1), Some(8));
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(8)), "after it was made");
            assert_eq!(meanwhile, Ok(Some(8)), "while it waits");
        })
        .await;
}

#[tokio::test]
async fn a_write_is_newer_than_one_that_this_process_made_before_though_the_journals_clock_is_not()
{
    let (journal, cache, table) = odd();
    journal.behind.store(500_000, SeqCst);
    cache
        .scope(async {
            journal.cut_off(true);
            save(item(&table, 1, 7)).await.unwrap();
            journal.cut_off(false);
            save(item(&table, 1, 8)).await.unwrap();
            save::flush().await.unwrap();
            assert_eq!(table.stock(1), Some(8));
        })
        .await;
}

/// One by one, and not more than one attempt.
#[write_behind(
    key = "item:<item.table>:<item.id>", value = item.stock, every = "1h", retries = 1
)]
async fn save_slowly(item: Item) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(30)).await;
    Table::of(item.table).write(&[(item.id, item.stock, Version::current())]).await
}

#[tokio::test]
async fn what_was_made_before_a_batch_took_too_long_is_made_and_the_rest_is_tried_again() {
    let builder = Cache::builder().no_remote().journal(LossyJournal::new());
    let (cache, table) = (builder.flush_hold(Duration::from_millis(200)).build(), Table::new());
    cache
        .scope(async {
            for id in 0..20 {
                save_slowly(item(&table, id, 7)).await.unwrap();
            }
            let _ = save_slowly::flush().await;
            let dead = save_slowly::dead().await.unwrap();
            assert!(dead.is_empty(), "{} are given up", dead.len());
        })
        .await;
}
