use cache_runtime::{cached, invalidates};

#[cached(key = "user:{id}", ttl = 500ms)]
async fn user(id: u64) -> u64 {
    id
}

#[invalidates(key = "user:{id}")]
async fn rename(id: u64) {
    let _ = id;
}

fn main() {}
