use cache_runtime::cached;

mod users {
    pub struct User {
        id: u64,
    }

    impl User {
        pub fn id(&self) -> u64 {
            self.id
        }
    }
}

#[cached(key = "user:<user.id>")]
async fn get_name(user: &users::User) -> Option<String> {
    Some(user.id().to_string())
}

fn main() {}
