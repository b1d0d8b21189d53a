//! What readers see before a write is made.

use std::time::Duration;

use cache_runtime::{Timeout, bypass, cached};
use cache_tests::Tiers;

use super::table::Table;
use super::{get_item, item, on_all_tiers, save};

#[tokio::test]
async fn a_value_is_read_before_it_is_written() {
    on_all_tiers(async |tiers, table| {
        assert_eq!(get_item(table.number(), 1).await, Ok(None));
        save(item(&table, 1, 7)).await.unwrap();
        assert_eq!((table.stock(1), table.statements()), (None, 0), "not yet");
        assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)));
        assert_eq!(table.loads(), 1, "before the write");
        assert_eq!(save::pending().await.unwrap(), 1);
        save::flush().await.unwrap();
        assert_eq!((table.stock(1), table.statements()), (Some(7), 1));
        assert_eq!(save::pending().await.unwrap(), 0);
        tiers.landed().await;
        assert_eq!(tiers.barriers(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_value_that_was_evicted_is_found_in_the_journal() {
    on_all_tiers(async |_, table| {
        save(item(&table, 1, 7)).await.unwrap();
        get_item::entry(&table.number(), &1).invalidate().await.unwrap();
        assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)));
        assert_eq!(get_item::refresh(table.number(), 1).await, Ok(Some(7)));
        assert_eq!(table.loads(), 0);
        save::flush().await.unwrap();
        get_item::entry(&table.number(), &1).invalidate().await.unwrap();
        assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)));
        assert_eq!(table.loads(), 1, "it is in the table now");
    })
    .await;
}

#[derive(Debug, PartialEq, Clone)]
struct Late;

impl From<Timeout> for Late {
    fn from(_: Timeout) -> Self {
        Self
    }
}

/// Fresh for a second, and stale for an hour.
#[cached(key = "item:<table>:<id>", ttl = 1, stale = "1h", hard_timeout = "10s")]
async fn get_hurried(table: u64, id: u64) -> Result<Option<u32>, Late> {
    Ok(Table::of(table).load(id))
}

#[tokio::test]
async fn past_the_cache_it_is_found_in_the_journal() {
    on_all_tiers(async |_, table| {
        save(item(&table, 1, 7)).await.unwrap();
        assert_eq!(bypass(get_item(table.number(), 1)).await, Ok(Some(7)));
        assert_eq!(bypass(get_hurried(table.number(), 1)).await, Ok(Some(7)));
        assert_eq!(table.loads(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_read_from_the_journal_until_it_is_written_and_is_kept_nowhere() {
    on_all_tiers(async |tiers, table| {
        save(item(&table, 1, 7)).await.unwrap();
        get_item::entry(&table.number(), &1).invalidate().await.unwrap();
        for _ in 0..3 {
            assert_eq!(get_hurried(table.number(), 1).await, Ok(Some(7)));
            tiers.landed().await;
            tiers.clock.advance(Duration::from_secs(2));
        }
        assert_eq!((get_hurried::stats().hits, table.loads()), (0, 0));
        save::flush().await.unwrap();
        assert_eq!(get_hurried(table.number(), 1).await, Ok(Some(7)));
        assert_eq!(table.loads(), 1);
    })
    .await;
}

#[tokio::test]
async fn another_process_reads_it_too_from_cache_or_journal() {
    let tiers = Tiers::new("both");
    let (table, elsewhere) = (Table::new(), tiers.elsewhere());
    tiers.cache.scope(save(item(&table, 1, 7))).await.unwrap();
    for is_evicted in [false, true] {
        if is_evicted {
            tiers.cells.delete(&format!("test:item:{}:1", table.number()));
        }
        assert_eq!(elsewhere.scope(get_item(table.number(), 1)).await, Ok(Some(7)));
    }
    assert_eq!(table.loads(), 0);
}

#[tokio::test]
async fn the_last_of_many_values_is_read_and_written_once() {
    on_all_tiers(async |_, table| {
        for stock in 1..=20 {
            save(item(&table, 1, stock)).await.unwrap();
            assert_eq!(get_item(table.number(), 1).await, Ok(Some(stock)));
        }
        save::flush().await.unwrap();
        assert_eq!((table.stock(1), table.statements()), (Some(20), 1));
    })
    .await;
}

#[tokio::test]
async fn writers_beside_each_other_leave_the_value_that_the_table_gets() {
    on_all_tiers(async |tiers, table| {
        for round in 0..20 {
            let writes = (0..8).map(|writer| {
                let (cache, item) = (tiers.cache.clone(), item(&table, round, writer));
                tokio::spawn(async move { cache.scope(save(item)).await })
            });
            for write in writes.collect::<Vec<_>>() {
                write.await.unwrap().unwrap();
            }
            let read = get_item(table.number(), round).await.unwrap();
            save::flush().await.unwrap();
            assert_eq!(read, table.stock(round));
        }
    })
    .await;
}
