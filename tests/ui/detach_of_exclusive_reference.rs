use cache_runtime::cached;

#[cached(key = "user:<id>", detach)]
async fn get_user(id: u64, log: &mut Vec<u64>) -> Option<String> {
    log.push(id);
    Some(id.to_string())
}

fn main() {}
