use cache_runtime::cached;

#[cached]
async fn get_user(id: u64) -> impl ToString {
    id
}

fn main() {}
