use cache_runtime::write_behind;

struct Items;

impl Items {
    #[write_behind(key = "item:<id>", value = id)]
    async fn save(&self, id: u64) {
        let _ = id;
    }
}

fn main() {}
