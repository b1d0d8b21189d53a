use cache_runtime::write_behind;

#[write_behind(key = "item:<id>")]
async fn save(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
