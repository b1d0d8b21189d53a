use cache_runtime::cached;

#[cached(unless = value.is_empty())]
async fn get_user(value: u64) -> Option<String> {
    Some(value.to_string())
}

fn main() {}
