use cache_runtime::cached;

#[cached(cache = cache, key = "user:<id>")]
async fn get_user(cache: &String, id: u64) -> Option<String> {
    Some(format!("{cache}{id}"))
}

fn main() {}
