use cache_runtime::cached;

#[cached(jitter = "10%")]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
