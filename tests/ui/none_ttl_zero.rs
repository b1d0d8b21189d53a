use cache_runtime::cached;

#[cached(none_ttl = 0)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
