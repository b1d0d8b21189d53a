use cache_runtime::{cached, invalidates};

#[cached]
async fn get_user(id: u64) -> Option<String> {
    Some(format!("user {id}"))
}

#[invalidates(entry = get_user(*result), at = "around")]
async fn add_user(name: &str) -> Result<u64, String> {
    println!("{name}");
    Ok(1)
}

fn main() {}
