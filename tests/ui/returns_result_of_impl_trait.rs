use cache_runtime::cached;

#[cached]
async fn get_user(id: u64) -> Result<impl ToString, String> {
    Ok(id)
}

fn main() {}
