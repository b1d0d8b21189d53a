use cache_runtime::cached;

#[cached(detach)]
async fn get_user(name: Option<&str>) -> Option<String> {
    name.map(str::to_owned)
}

fn main() {}
