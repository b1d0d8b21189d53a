use cache_runtime::cached;

#[cached(key = "user:<id>", stale = "5m")]
async fn get_user<T: ToString + Send>(id: u64, of: T) -> Option<String> {
    Some(format!("{id} {}", of.to_string()))
}

fn main() {}
