use cache_runtime::write_behind;

#[write_behind(key = "item:<id>")]
async fn save<T: serde::Serialize>(id: T) {
    drop(id);
}

fn main() {}
