use cache_runtime::cached;

struct User;

impl User {
    #[cached(key = "user:<id>")]
    async fn name(id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

fn main() {}
