use cache_runtime::cached;

const TTL: i32 = -1;

#[cached(ttl = TTL)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
