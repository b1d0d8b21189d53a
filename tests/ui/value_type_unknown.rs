use cache_runtime::cached;

#[cached]
async fn get_user(id: u64) -> Option<User> {
    Some(User { id })
}

fn main() {}
