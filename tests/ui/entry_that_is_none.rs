use cache_runtime::invalidates;

#[invalidates(entry = id.to_string())]
async fn rename_user(id: u64, name: &str) -> Result<(), String> {
    println!("{id} {name}");
    Ok(())
}

fn main() {}
