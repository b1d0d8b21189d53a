use cache_runtime::cached;

use std::rc::Rc;

#[cached(key = "user:<id>", stale = "5m")]
async fn get_user(id: u64) -> Option<String> {
    let id = Rc::new(id);
    std::future::ready(()).await;
    Some(id.to_string())
}

fn main() {}
