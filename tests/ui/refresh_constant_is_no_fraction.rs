use cache_runtime::cached;

const EARLY: u32 = 80;

#[cached(refresh = EARLY)]
async fn get_user(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
