use cache_runtime::cached;

#[cached(local, version = 2)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
