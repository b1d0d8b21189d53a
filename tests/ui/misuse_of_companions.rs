use cache_runtime::cached;

#[cached]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {
    let _ = get_user::entry("5");
    let _ = get_user::refresh();
    let _ = get_user::missing();
}
