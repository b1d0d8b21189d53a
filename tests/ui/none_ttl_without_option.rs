use cache_runtime::cached;

#[cached(none_ttl = "30s")]
async fn get_user(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
