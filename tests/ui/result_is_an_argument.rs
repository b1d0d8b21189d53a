use cache_runtime::invalidates;

#[invalidates(key = "user:<result>")]
async fn rename_user(result: u64) -> Result<u64, String> {
    Ok(result)
}

fn main() {}
