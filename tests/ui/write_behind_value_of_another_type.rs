use cache_runtime::write_behind;
use cache_runtime::cached;

#[cached(key = "item:<id>")]
async fn get_item(id: u64) -> String {
    id.to_string()
}

#[write_behind(entry = get_item(id))]
async fn save(id: u64) -> Result<(), String> {
    Err(id.to_string())
}

fn main() {}
