async fn get_user(id: u64) -> Result<User, DbError> {
    let call = match get_user::site()
        .lookup(#[inline(always)] |key| key.text("user:").part(&id))
    {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.detached(get_user::uncached(id)).await
}
/// The cache of `get_user`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
struct get_user {}
impl get_user {
    fn site() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<Result<User, DbError>, User>,
    > {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "get_user",
            "user:<id>",
            ::cache_runtime::__private::Policy::new().ttl_secs(3600).lock(),
        );
        ::cache_runtime::__private::Returns::<Result<User, DbError>>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    async fn uncached(id: u64) -> Result<User, DbError> {
        db::user(id).await
    }
    async fn refresh(id: u64) -> Result<User, DbError> {
        get_user::site()
            .refresh(|key| key.text("user:").part(&id))
            .detached(get_user::uncached(id))
            .await
    }
    fn entry(id: &u64) -> ::cache_runtime::__private::EntryRef<User> {
        get_user::site().entry(|key| key.text("user:").part(id))
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        get_user::site().stats()
    }
}
