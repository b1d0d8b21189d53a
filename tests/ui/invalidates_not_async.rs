use cache_runtime::invalidates;

#[invalidates(key = "user:<id>")]
fn rename_user(id: u64) -> Result<(), String> {
    println!("{id}");
    Ok(())
}

fn main() {}
