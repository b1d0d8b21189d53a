use cache_runtime::write_behind;

#[derive(Clone)]
struct Item(u64);

#[write_behind(key = "item:<item.0>")]
async fn save(item: Item) -> Result<(), String> {
    Err(item.0.to_string())
}

fn main() {}
