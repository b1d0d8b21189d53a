use cache_runtime::write_behind;

#[write_behind(key = "item:<id>")]
async fn save(id: u64, stock: u32) -> Result<(), String> {
    Err(format!("{id} {stock}"))
}

fn main() {}
