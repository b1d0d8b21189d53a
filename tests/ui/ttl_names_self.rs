use cache_runtime::cached;

struct Users;

impl Users {
    const TTL: u64 = 5;

    #[cached(key = "user:<id>", ttl = Self::TTL)]
    async fn user(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

fn main() {}
