use cache_runtime::cached;

#[cached(key = "price:<price>")]
async fn rounded(price: f64) -> u64 {
    price as u64
}

fn main() {}
