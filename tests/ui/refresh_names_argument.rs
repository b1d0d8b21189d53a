use cache_runtime::cached;

#[cached(refresh = part)]
async fn get_user(id: u64, part: u64) -> Option<String> {
    Some(format!("{id} {part}"))
}

fn main() {}
