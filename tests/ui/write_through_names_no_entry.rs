use cache_runtime::write_through;

#[write_through(value = id)]
async fn save(id: u64) -> u64 {
    id
}

fn main() {}
