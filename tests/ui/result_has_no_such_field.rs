use cache_runtime::invalidates;

#[invalidates(key = "user:<result.id>")]
async fn rename_user(name: String) -> Result<String, String> {
    Ok(name)
}

fn main() {}
