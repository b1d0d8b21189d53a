/// Loads.
pub async fn get_user(id: u64, name: &str) -> Option<User> {
    let call = match get_user::site()
        .lookup(
            #[inline(always)]
            |key| key.path_of::<get_user>().text(":").part(&id).text(":").part(name),
        )
    {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.load(get_user::uncached(id, name)).await
}
/// The cache of `get_user`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
pub struct get_user {}
#[allow(missing_docs, clippy::missing_errors_doc)]
impl get_user {
    fn site() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<Option<User>, User>,
    > {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "get_user",
            "",
            ::cache_runtime::__private::Policy::new(),
        );
        ::cache_runtime::__private::Returns::<Option<User>>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    pub async fn uncached(id: u64, name: &str) -> Option<User> {
        db::user(id, name).await
    }
    pub async fn refresh(id: u64, name: &str) -> Option<User> {
        get_user::site()
            .refresh(|key| {
                key.path_of::<get_user>().text(":").part(&id).text(":").part(name)
            })
            .load(get_user::uncached(id, name))
            .await
    }
    pub fn entry(id: &u64, name: &str) -> ::cache_runtime::__private::EntryRef<User> {
        get_user::site()
            .entry(|key| {
                key.path_of::<get_user>().text(":").part(id).text(":").part(name)
            })
    }
    pub fn stats() -> ::cache_runtime::__private::SiteStats {
        get_user::site().stats()
    }
}
