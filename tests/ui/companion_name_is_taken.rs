use cache_runtime::cached;

struct users;

#[cached(companion = users)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
