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
