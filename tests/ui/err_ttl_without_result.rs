use cache_runtime::cached;

#[cached(err_ttl = "5s")]
async fn get_user(id: u64) -> Vec<u64> {
    vec![id]
}

fn main() {}
