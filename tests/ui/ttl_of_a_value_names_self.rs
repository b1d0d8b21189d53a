use cache_runtime::cached;

struct Users {
    ttl: std::time::Duration,
}

impl Users {
    #[cached(key = "user:<id>", ttl = |_| self.ttl)]
    async fn user(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

fn main() {}
