use cache_runtime::cached;

const TTL: &str = "1h";

#[cached(ttl = TTL)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
