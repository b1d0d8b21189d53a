use cache_runtime::cached;

#[cached(key = "user", unless = name == Some(value))]
async fn get_user(name: Option<&str>) -> Option<String> {
    name.map(str::to_owned)
}

fn main() {}
