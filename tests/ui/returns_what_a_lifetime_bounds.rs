use cache_runtime::cached;

use std::borrow::Cow;

#[cached(key = "user")]
async fn get_user<'a>(name: &'a str) -> Option<Cow<'a, str>> {
    Some(name.into())
}

fn main() {}
