use cache_runtime::cached;

trait Store {
    #[cached(key = "user:<id>")]
    async fn user(&self, id: u64) -> Option<String>;
}

fn main() {}
