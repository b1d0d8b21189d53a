use cache_runtime::invalidates;

#[invalidates(key = "users", key = "user:<result>", at = "around")]
async fn add_user(name: &str) -> Result<u64, String> {
    println!("{name}");
    Ok(1)
}

fn main() {}
