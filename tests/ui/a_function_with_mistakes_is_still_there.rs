use cache_runtime::cached;

#[cached(tll = 5)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

async fn call() -> Option<String> {
    get_user(5).await
}

fn main() {}
