use cache_runtime::cached;

struct User {
    id: u64,
}

#[cached(key = "user:<id>", local)]
async fn get_user(id: u64) -> Option<User> {
    Some(User { id })
}

fn main() {}
