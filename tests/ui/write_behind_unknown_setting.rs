use cache_runtime::write_behind;

#[write_behind(key = "item:<id>", flsh = save_all)]
async fn save(id: u64) {
    let _ = id;
}

fn main() {}
