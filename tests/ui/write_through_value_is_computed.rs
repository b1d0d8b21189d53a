use cache_runtime::write_through;

#[write_through(key = "user:<id>", value = id + 1)]
async fn save(id: u64) -> u64 {
    id
}

fn main() {}
