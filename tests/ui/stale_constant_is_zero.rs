use cache_runtime::cached;

const WINDOW: u64 = 0;

#[cached(stale = WINDOW)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
