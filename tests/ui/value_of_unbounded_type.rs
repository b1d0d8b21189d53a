use cache_runtime::cached;

#[cached(key = "user:<id>")]
async fn get_user<T>(id: u64, user: T) -> Result<T, String> {
    println!("{id}");
    Ok(user)
}

fn main() {}
