use cache_runtime::cached;

const TTL: u64 = 0;

#[cached(ttl = TTL)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
