use cache_runtime::write_behind;

#[write_behind(value = id)]
async fn save(id: u64) -> Result<(), String> {
    Err(id.to_string())
}

fn main() {}
