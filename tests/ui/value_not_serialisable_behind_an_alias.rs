use cache_runtime::cached;

#[derive(Clone)]
struct User {
    id: u64,
}

type Found = Option<User>;

#[cached]
async fn get_user(id: u64) -> Found {
    Some(User { id })
}

fn main() {}
