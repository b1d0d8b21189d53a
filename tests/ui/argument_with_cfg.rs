use cache_runtime::cached;

#[cached]
async fn get_user(#[cfg(unix)] id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
