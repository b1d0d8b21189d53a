use cache_runtime::write_behind;
use cache_runtime::Pending;

async fn save_all(all: Vec<Pending<String>>) -> Result<(), String> {
    Err(all.len().to_string())
}

#[write_behind(key = "item:<id>", flush = save_all)]
async fn save(id: u64) -> Result<(), String> {
    Err(id.to_string())
}

fn main() {}
