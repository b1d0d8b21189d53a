use cache_runtime::cached;

#[cached(timeout = "200ms")]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
