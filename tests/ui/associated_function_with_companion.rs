use cache_runtime::cached;

struct User;

impl User {
    #[cached(key = "user:<id>", local)]
    async fn load(id: u64) -> Option<Self> {
        (id > 0).then_some(Self)
    }
}

fn main() {}
