use cache_runtime::write_through;

#[write_through(key = "user:<id>")]
async fn save(id: u64) {
    let _ = id;
}

fn main() {}
