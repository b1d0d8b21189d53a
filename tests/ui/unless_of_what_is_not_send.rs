use cache_runtime::cached;

use std::rc::Rc;

#[cached(key = "user:<id>", unless = value.len() > *limit, detach = false)]
async fn get_user(id: u64, limit: Rc<usize>) -> Option<String> {
    Some(format!("{id} {limit}"))
}

fn main() {}
