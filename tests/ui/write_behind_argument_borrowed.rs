use cache_runtime::write_behind;

#[write_behind(key = "item:<id>", value = name)]
async fn save(id: u64, name: &str) -> Result<(), String> {
    Err(format!("{id} {name}"))
}

fn main() {}
