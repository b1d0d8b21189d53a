use cache_runtime::cached;

struct User {
    id: u64,
}

#[cached(key = "user:<user.id>", unless = user.id > 9)]
async fn get_name(user: User) -> Option<String> {
    Some(user.id.to_string())
}

fn main() {}
