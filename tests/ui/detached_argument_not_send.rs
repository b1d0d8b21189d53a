use cache_runtime::cached;

use std::rc::Rc;

#[cached(key = "user:<id>")]
async fn get_user(id: Rc<u64>) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
