use cache_runtime::cached;

const ERR_TTL: u64 = 0;

#[cached(err_ttl = ERR_TTL)]
async fn get_user(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
