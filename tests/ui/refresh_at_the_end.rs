use cache_runtime::cached;

#[cached(refresh = 1.0)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
