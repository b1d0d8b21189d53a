use cache_runtime::cached;

#[cached(err_ttl = id)]
async fn get_user(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
