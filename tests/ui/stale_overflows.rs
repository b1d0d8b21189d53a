use cache_runtime::cached;

#[cached(stale = 20_000_000_000_000_000)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
