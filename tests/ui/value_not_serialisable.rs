use cache_runtime::cached;

#[derive(Clone)]
struct User {
    id: u64,
}

#[cached(key = "user:<id>")]
async fn get_user(id: u64) -> Result<User, String> {
    Ok(User { id })
}

fn main() {}
