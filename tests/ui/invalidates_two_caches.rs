use cache_runtime::{Cache, invalidates};

#[invalidates(key = "user:<id>", cache = first, cache = second)]
async fn rename_user(id: u64, first: &Cache, second: &Cache) {
    println!("{id}");
}

fn main() {}
