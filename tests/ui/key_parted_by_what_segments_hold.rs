use cache_runtime::cached;

#[cached(key = "user:<tenant>-<id>")]
async fn get_user(tenant: u64, id: u64) -> Option<String> {
    Some(format!("{tenant}{id}"))
}

fn main() {}
