use cache_runtime::cached;

#[cached(lock = "1 moment")]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
