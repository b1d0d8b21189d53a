use cache_runtime::cached;

#[cached(key = "user")]
async fn get_user(name: &str) -> Option<&str> {
    Some(name)
}

fn main() {}
