use cache_runtime::cached;

type Found = Option<String>;

#[cached(hard_timeout = "2s")]
async fn get_user(id: u64) -> Found {
    Some(id.to_string())
}

fn main() {}
