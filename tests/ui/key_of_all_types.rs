use cache_runtime::cached;

trait Table {
    const NAME: &str;
}

#[cached(key = "row:<id>")]
async fn row<T: Table, const N: usize>(id: u64) -> String {
    format!("{}{N}{id}", T::NAME)
}

fn main() {}
