use cache_runtime::cached;

use std::time::Duration;

fn lifetime(id: u64, user: &str) -> Duration {
    Duration::from_secs(id + user.len() as u64)
}

#[cached(ttl = |user| lifetime(id, user))]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
