use cache_runtime::cached;

#[cached(ttl = |id, value| std::time::Duration::from_secs(id))]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
