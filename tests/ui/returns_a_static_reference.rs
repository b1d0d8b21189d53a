use cache_runtime::cached;

#[cached]
async fn get_user(id: u64) -> &'static str {
    if id == 0 { "root" } else { "user" }
}

fn main() {}
