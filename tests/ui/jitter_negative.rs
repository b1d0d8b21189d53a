use cache_runtime::cached;

#[cached(jitter = -0.1)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
