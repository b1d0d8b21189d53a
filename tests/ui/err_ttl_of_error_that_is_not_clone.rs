use cache_runtime::cached;

struct DbError;

#[cached(err_ttl = "5s")]
async fn get_user(id: u64) -> Result<String, DbError> {
    Ok(id.to_string())
}

fn main() {}
