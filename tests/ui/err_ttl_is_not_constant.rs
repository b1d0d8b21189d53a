use cache_runtime::cached;

fn err_ttl() -> u64 {
    5
}

#[cached(err_ttl = err_ttl())]
async fn get_user(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
