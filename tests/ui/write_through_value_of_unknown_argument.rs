use cache_runtime::write_through;

#[write_through(key = "user:<id>", value = user)]
async fn save(id: u64) -> u64 {
    id
}

fn main() {}
