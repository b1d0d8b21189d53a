use cache_runtime::write_through;

#[derive(Clone)]
struct User(u64);

#[write_through(key = "user:<user.0>", value = user)]
async fn save(user: User) -> Result<(), String> {
    let _ = user;
    Ok(())
}

fn main() {}
