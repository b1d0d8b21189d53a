use cache_runtime::cached;

use std::rc::Rc;

#[derive(Clone)]
struct Users;

impl Users {
    #[cached(key = "user:<id>", detach)]
    async fn user(&self, id: u64) -> Option<String> {
        let id = Rc::new(id);
        std::future::ready(()).await;
        Some(id.to_string())
    }
}

fn main() {}
