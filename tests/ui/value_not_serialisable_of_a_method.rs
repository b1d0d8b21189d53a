use cache_runtime::cached;

#[derive(Clone)]
struct User {
    id: u64,
}

struct Users;

impl Users {
    #[cached(key = "user:<id>")]
    async fn user(&self, id: u64) -> Option<User> {
        Some(User { id })
    }
}

fn main() {}
