use cache_runtime::cached;

const JITTER: f64 = 10.0;

#[cached(jitter = JITTER)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
