use cache_runtime::write_behind;

#[write_behind(key = "item:<id>", value = result)]
async fn save(id: u64) -> Result<(), String> {
    Err(id.to_string())
}

fn main() {}
