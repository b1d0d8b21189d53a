use cache_runtime::write_behind;

async fn save_all(all: u64) -> Result<(), String> {
    Err(all.to_string())
}

#[write_behind(key = "item:<id>", flush = save_all)]
async fn save(id: u64) -> Result<(), String> {
    Err(id.to_string())
}

fn main() {}
