use cache_runtime::cached;

#[cached(hard_timeout = "2s")]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
