use cache_runtime::cached;

use async_trait::async_trait;

#[async_trait]
trait Store {
    async fn user(&self, id: u64) -> Option<String>;
}

struct Users;

#[async_trait]
impl Store for Users {
    #[cached(key = "user:<id>", stale = "5m")]
    async fn user(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

fn main() {}
