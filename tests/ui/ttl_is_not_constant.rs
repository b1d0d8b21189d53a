use cache_runtime::cached;

fn ttl() -> u64 {
    5
}

#[cached(ttl = ttl())]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
