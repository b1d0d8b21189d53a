use cache_runtime::write_through;

#[write_through(key = "user:<id>")]
fn save(id: u64) -> u64 {
    id
}

fn main() {}
