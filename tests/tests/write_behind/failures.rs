//! Writes that the table refuses.

use cache_tests::eventually;

use super::table::Table;
use super::{Item, LONG, get_item, item, on_all_tiers, save, save_in_batches};

#[tokio::test]
async fn a_write_that_fails_is_tried_again_and_then_given_up() {
    on_all_tiers(async |_, table| {
        table.refuse(1);
        save(item(&table, 1, 7)).await.unwrap();
        for attempt in 1..=3 {
            assert_eq!(save::dead().await.unwrap().len(), 0, "attempt {attempt}");
            let failed = save::flush().await.unwrap_err();
            assert!(failed.to_string().contains("1 writes failed"), "{failed}");
        }
        assert_eq!(table.statements(), 3);
        let dead = save::dead().await.unwrap();
        let [letter] = dead.as_slice() else { panic!("one is dead: {dead:?}") };
        assert_eq!(letter.key.as_str(), format!("item:{}:1", table.number()));
        assert_eq!((letter.attempts, letter.reason.as_str()), (3, "\"1 is refused\""));
        assert_eq!(letter.value::<u32>(), Some(7));
        assert_eq!(save::pending().await.unwrap(), 0);
        assert_eq!(get_item(table.number(), 1).await, Ok(None), "it was never written");
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_can_be_replayed_or_discarded() {
    on_all_tiers(async |_, table| {
        for id in [1, 2] {
            table.refuse(id);
            save(item(&table, id, 7)).await.unwrap();
        }
        while save::dead().await.unwrap().len() < 2 {
            save::flush().await.unwrap_err();
        }
        table.accept(1);
        table.accept(2);
        let dead = save::dead().await.unwrap();
        dead[0].replay().await.unwrap();
        dead[1].discard().await.unwrap();
        assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)), "it waits again");
        save::flush().await.unwrap();
        assert_eq!((table.stock(1), table.stock(2)), (Some(7), None));
        assert!(save::dead().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_replayed_does_not_replace_what_was_written_since() {
    on_all_tiers(async |_, table| {
        table.refuse(1);
        save(item(&table, 1, 7)).await.unwrap();
        while save::dead().await.unwrap().is_empty() {
            save::flush().await.unwrap_err();
        }
        table.accept(1);
        save(item(&table, 1, 8)).await.unwrap();
        save::flush().await.unwrap();
        save::dead().await.unwrap()[0].replay().await.unwrap();
        save::flush().await.unwrap();
        assert_eq!(table.stock(1), Some(8));
    })
    .await;
}

#[tokio::test]
async fn one_that_fails_holds_up_no_other_of_its_batch() {
    on_all_tiers(async |_, table| {
        table.refuse(3);
        for id in 0..8 {
            save_in_batches(item(&table, id, 7)).await.unwrap();
        }
        save_in_batches::flush().await.unwrap_err();
        assert_eq!(table.stock(0), None, "the batch has failed as a whole");
        save_in_batches::flush().await.unwrap_err();
        let stocks: Vec<_> = (0..8).filter(|id| table.stock(*id) == Some(7)).collect();
        assert_eq!(stocks, [0, 1, 2, 4, 5, 6, 7], "then each is tried alone");
        save_in_batches::flush().await.unwrap_err();
        let dead = save_in_batches::dead().await.unwrap();
        let values: Vec<_> = dead.iter().map(|it| it.value::<Item>().unwrap().id).collect();
        assert_eq!(values, [3]);
    })
    .await;
}

#[tokio::test]
async fn a_failure_that_passes_is_nobodys_loss() {
    on_all_tiers(async |_, table| {
        table.refuse(1);
        save(item(&table, 1, 7)).await.unwrap();
        save::flush().await.unwrap_err();
        table.accept(1);
        assert_eq!(get_item(table.number(), 1).await, Ok(Some(7)));
        // After its pause, by itself.
        eventually(LONG, || async { table.stock(1) == Some(7) }).await;
        assert!(save::dead().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_body_that_panics_has_failed() {
    on_all_tiers(async |_, table| {
        table.panic_once();
        save(item(&table, 1, 7)).await.unwrap();
        save::flush().await.unwrap_err();
        save::flush().await.unwrap();
        assert_eq!((table.stock(1), table.statements()), (Some(7), 2), "at least once");
    })
    .await;
}

/// Each write is claimed by itself: those that have failed lie before the others.
#[tokio::test]
async fn many_that_fail_keep_no_other_from_being_flushed() {
    let server = cache_tests::RedisServer::start();
    let redis = cache_runtime::Redis::new(server.url()).unwrap();
    let cache = cache_runtime::Cache::builder().namespace("shop").remote(redis).build();
    let table = Table::new();
    cache
        .scope(async {
            for id in 0..40 {
                save(item(&table, id, 7)).await.unwrap();
                if id < 39 {
                    table.refuse(id);
                }
            }
            save::flush().await.unwrap_err();
            assert_eq!(table.stock(39), Some(7), "nothing is wrong with it");
        })
        .await;
}
