use cache_runtime::cached;

struct DbError;

type Fetched = Result<String, DbError>;

const TIMEOUT: u64 = 2;

#[cached(hard_timeout = TIMEOUT)]
async fn get_user(id: u64) -> Fetched {
    Ok(id.to_string())
}

fn main() {}
