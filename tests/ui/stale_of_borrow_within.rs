use cache_runtime::cached;

#[cached(stale = "5m")]
async fn get_user(name: Option<&str>) -> Option<String> {
    name.map(str::to_owned)
}

fn main() {}
