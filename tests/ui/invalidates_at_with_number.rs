use cache_runtime::invalidates;

#[invalidates(key = "user:<id>", at = 1)]
async fn rename_user(id: u64, name: &str) -> Result<(), String> {
    println!("{id} {name}");
    Ok(())
}

fn main() {}
