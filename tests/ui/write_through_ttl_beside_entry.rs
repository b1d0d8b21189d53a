use cache_runtime::{cached, write_through};

#[cached(key = "user:<id>")]
async fn get_user(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

#[write_through(entry = get_user(id), ttl = "1m")]
async fn save(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
