use cache_runtime::cached;

#[cached(key = "user:<id>")]
async fn first_user() -> Option<String> {
    None
}

fn main() {}
