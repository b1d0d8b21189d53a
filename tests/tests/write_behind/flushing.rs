//! How writes reach the table.

use cache_runtime::{Cache, FileJournal, LossyJournal};
use cache_tests::{Tiers, eventually, on_all_tiers as on_plain_tiers};

use super::table::Table;
use super::{LONG, get_item, item, on_all_tiers, save, save_in_batches, save_soon};

#[tokio::test]
async fn what_is_due_is_made_by_itself() {
    on_all_tiers(async |_, table| {
        save_soon(item(&table, 1, 7)).await;
        eventually(LONG, || async { table.stock(1) == Some(7) }).await;
        eventually(LONG, || async { save_soon::pending().await.unwrap() == 0 }).await;
        assert_eq!(table.statements(), 1);
    })
    .await;
}

#[tokio::test]
async fn many_are_made_with_one_statement() {
    on_all_tiers(async |_, table| {
        table.hold();
        for id in 0..25 {
            save_in_batches(item(&table, id, 7)).await.unwrap();
        }
        table.let_go();
        save_in_batches::flush().await.unwrap();
        assert!((0..25).all(|id| table.stock(id) == Some(7)));
        assert_eq!(table.statements(), 3, "10, 10, 5");
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_made_as_soon_as_it_is_full() {
    on_all_tiers(async |_, table| {
        for id in 0..10 {
            save_in_batches(item(&table, id, 7)).await.unwrap();
        }
        eventually(LONG, || async { save_in_batches::pending().await.unwrap() == 0 }).await;
        assert!((0..10).all(|id| table.stock(id) == Some(7)));
    })
    .await;
}

#[tokio::test]
async fn versions_grow_with_each_write_of_a_key() {
    on_all_tiers(async |_, table| {
        let mut last = 0;
        for stock in 0..5 {
            save(item(&table, 1, stock)).await.unwrap();
            save::flush().await.unwrap();
            assert!(table.version(1) > last);
            last = table.version(1);
        }
    })
    .await;
}

#[tokio::test]
async fn what_comes_while_a_key_is_being_written_is_written_after_it() {
    on_all_tiers(async |tiers, table| {
        table.hold();
        save(item(&table, 1, 1)).await.unwrap();
        let cache = tiers.cache.clone();
        let flush = tokio::spawn(async move { cache.scope(save::flush()).await });
        table.begun().await;
        save(item(&table, 1, 2)).await.unwrap();
        assert_eq!(get_item(table.number(), 1).await, Ok(Some(2)));
        table.let_go();
        flush.await.unwrap().unwrap();
        assert_eq!((table.stock(1), table.statements()), (Some(2), 2));
    })
    .await;
}

#[tokio::test]
async fn shutdown_makes_what_waits() {
    on_all_tiers(async |tiers, table| {
        save(item(&table, 1, 7)).await.unwrap();
        save_in_batches(item(&table, 2, 8)).await.unwrap();
        tiers.cache.shutdown(LONG).await.unwrap();
        assert_eq!((table.stock(1), table.stock(2)), (Some(7), Some(8)));
    })
    .await;
}

#[tokio::test]
async fn shutdown_waits_no_longer_than_it_may_and_loses_nothing() {
    on_all_tiers(async |tiers, table| {
        table.hold();
        save(item(&table, 1, 7)).await.unwrap();
        let ended = tiers.cache.shutdown(std::time::Duration::from_millis(50)).await;
        assert_eq!(ended.unwrap_err().kind(), cache_runtime::ErrorKind::Timeout);
        assert_eq!(save::pending().await.unwrap(), 1);
        table.let_go();
    })
    .await;
}

/// A cache of its own for each process, on one journal.
fn process(journal: &LossyJournal) -> Cache {
    Cache::builder().no_remote().journal(journal.clone()).build()
}

#[tokio::test]
async fn what_a_process_leaves_the_next_one_makes_without_being_asked() {
    let (journal, table) = (LossyJournal::new(), Table::new());
    let first = Cache::builder().no_remote().journal(journal.clone()).build();
    first.scope(save_soon(item(&table, 1, 7))).await;
    table.hold();
    drop(first);
    let next = process(&journal);
    next.scope(async { table.let_go() }).await;
    eventually(LONG, || async { table.stock(1) == Some(7) }).await;
}

#[tokio::test]
async fn a_key_that_waits_takes_no_room_and_others_are_made_at_once() {
    on_all_tiers(async |_, table| {
        table.hold();
        for stock in 1..=2 {
            for id in 1..=2 {
                save_soon(item(&table, id, stock)).await;
            }
        }
        table.let_go();
        save_soon(item(&table, 3, 9)).await;
        eventually(LONG, || async { save_soon::pending().await.unwrap() == 0 }).await;
        assert_eq!([1, 2, 3].map(|id| table.stock(id)), [Some(2), Some(2), Some(9)]);
    })
    .await;
}

#[tokio::test]
async fn without_a_journal_the_body_runs_at_once() {
    on_plain_tiers(async |tiers| {
        let table = Table::new();
        let cache = Cache::builder().no_remote().no_journal().build();
        cache
            .scope(async {
                save(item(&table, 1, 7)).await.unwrap();
                assert_eq!(table.stock(1), Some(7));
                assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)));
                assert_eq!(table.loads(), 0, "written through");
                assert!(save::flush().await.is_err(), "nothing can be told of a journal");
            })
            .await;
        drop(tiers);
    })
    .await;
}

#[tokio::test]
async fn a_flush_that_takes_too_long_is_taken_over_and_comes_too_late() {
    let (table, tiers) = (Table::new(), Tiers::built("remote", |it| it.flush_hold(LONG / 600)));
    let cache = tiers.cache.clone();
    cache
        .scope(async {
            table.hold();
            save(item(&table, 1, 1)).await.unwrap();
            assert!(save::flush().await.is_err());
            table.let_go();
            save(item(&table, 1, 2)).await.unwrap();
            eventually(LONG, || async { save::flush().await.is_ok() }).await;
            assert_eq!(table.stock(1), Some(2));
        })
        .await;
}

#[test]
fn what_a_runtime_leaves_the_next_one_makes() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let (cache, table) = (process(&LossyJournal::new()), Table::new());
    table.hold();
    let first = runtime();
    first.block_on(async { cache.scope(save_soon(item(&table, 1, 7))).await });
    drop(first);
    table.let_go();
    runtime().block_on(async {
        cache.scope(async {}).await;
        eventually(LONG / 12, || async { table.stock(1) == Some(7) }).await;
    });
}

/// Two tenants of one process, say, whose journal `CACHE_JOURNAL` names.
#[tokio::test]
async fn caches_of_two_namespaces_keep_apart_what_waits_in_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let cache = |namespace: &str| {
        let journal = FileJournal::new(&path);
        Cache::builder().namespace(namespace).no_remote().journal(journal).build()
    };
    let (one, other) = (cache("one"), cache("other"));
    let table = Table::new();
    one.scope(save(item(&table, 1, 1))).await.unwrap();
    other.scope(save(item(&table, 1, 2))).await.unwrap();
    assert_eq!(one.scope(save::pending()).await.unwrap(), 1);
    for (cache, stock) in [(&one, 1), (&other, 2)] {
        cache.invalidate(&format!("item:{}:1", table.number()).into()).await.unwrap();
        assert_eq!(cache.scope(get_item(table.number(), 1)).await, Ok(Some(stock)));
    }
    one.scope(save::flush()).await.unwrap();
    assert_eq!((table.stock(1), table.statements()), (Some(1), 1));
    other.scope(save::flush()).await.unwrap();
    assert_eq!((table.stock(1), table.statements()), (Some(2), 2));
}
