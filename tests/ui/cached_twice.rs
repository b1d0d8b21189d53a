use cache_runtime::cached;

#[cached(ttl = 5)]
#[cached(ttl = 6)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
