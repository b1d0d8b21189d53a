use cache_runtime::{cached, invalidates};

#[cached]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

#[invalidates(entry = get_user())]
async fn rename_user(id: u64, name: &str) -> Result<(), String> {
    println!("{id} {name}");
    Ok(())
}

fn main() {}
