use cache_runtime::write_behind;

#[write_behind(key = "item:<id>", value = id)]
async fn save(id: u64, at: std::time::Instant) -> Result<(), String> {
    Err(format!("{id} {at:?}"))
}

fn main() {}
