use cache_runtime::write_behind;

#[write_behind(key = "item:<id>", batch = 0)]
async fn save(id: u64) {
    let _ = id;
}

fn main() {}
