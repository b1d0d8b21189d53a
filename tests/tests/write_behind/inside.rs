//! Functions that write behind, of one name, inside of others.

use std::sync::Mutex;

use cache_runtime::{Cache, LossyJournal, write_behind};

static MADE: Mutex<Vec<(&str, u64)>> = Mutex::new(Vec::new());

async fn order() {
    #[write_behind(key = "order:<id>", every = "1h")]
    async fn save(id: u64) {
        MADE.lock().unwrap().push(("order", id));
    }
    save(1).await;
}

async fn user() {
    #[write_behind(key = "user:<id>", every = "1h")]
    async fn save(id: u64) {
        MADE.lock().unwrap().push(("user", id));
    }
    save(2).await;
    save::flush().await.unwrap();
}

#[tokio::test]
async fn each_makes_its_own_writes_alone() {
    let cache = Cache::builder().no_remote().journal(LossyJournal::new()).build();
    cache
        .scope(async {
            order().await;
            user().await;
        })
        .await;
    assert_eq!(*MADE.lock().unwrap(), [("user", 2)]);
}

/// Nothing tells these two apart, so that neither waits.
#[tokio::test]
async fn those_of_two_blocks_make_their_writes_at_once() {
    static ROWS: Mutex<Vec<(&str, u64)>> = Mutex::new(Vec::new());
    let cache = Cache::builder().no_remote().journal(LossyJournal::new()).build();
    cache
        .scope(async {
            {
                #[write_behind(key = "left:<id>", every = "1h")]
                async fn save(id: u64) {
                    ROWS.lock().unwrap().push(("left", id));
                }
                save(1).await;
            }
            {
                #[write_behind(key = "right:<id>", every = "1h")]
                async fn save(id: u64) {
                    ROWS.lock().unwrap().push(("right", id));
                }
                save(2).await;
                save::flush().await.unwrap();
            }
        })
        .await;
    assert_eq!(*ROWS.lock().unwrap(), [("left", 1), ("right", 2)]);
}
