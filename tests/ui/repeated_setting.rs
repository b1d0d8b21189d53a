use cache_runtime::cached;

#[cached(ttl = 5, key = "user:<id>", ttl = 6)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
