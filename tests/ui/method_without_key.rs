use cache_runtime::cached;

struct Users;

impl Users {
    #[cached(ttl = 5)]
    async fn user(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

fn main() {}
