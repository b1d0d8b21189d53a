mod users {
    #[cache_runtime::cached]
    pub(super) async fn get_user(id: u64) -> Option<String> {
        name(id).await
    }

    #[cache_runtime::cached]
    async fn name(id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

fn main() {
    let _ = users::get_user::entry(&5);
    let _ = users::name::entry(&5);
}
