use cache_runtime::cached;

use std::rc::Rc;

#[cached(local)]
async fn get_user(id: u64) -> Result<Rc<str>, String> {
    Ok(Rc::from(id.to_string()))
}

fn main() {}
