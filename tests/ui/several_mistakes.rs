use cache_runtime::{cached, invalidates};

#[cached(key = "user:<uid><id", tll = 5, lock = true, local, ttl = 0)]
fn get_user(id: u64) -> impl ToString {
    id
}

#[invalidates(key = "user:<uid>", key = "", on = "error", when = true)]
unsafe fn rename_user(id: u64, name: &str) {
    println!("{id} {name}");
}

struct Users;

impl Users {
    #[cached(ttl = "soon", companion = 5)]
    async fn user(&mut self) {}
}

fn main() {}
