use cache_runtime::write_through;

#[write_through(key = "user:<id>", value = result.0)]
async fn save(id: u64) -> (u64, u64) {
    (id, id)
}

fn main() {}
