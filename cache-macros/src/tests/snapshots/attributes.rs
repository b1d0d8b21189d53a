#[cfg(unix)]
#[deprecated]
#[must_use]
#[tracing::instrument]
#[allow(unused, reason = "")]
#[cfg_attr(test, allow(clippy::all))]
async fn get_user() -> u64 {
    let call = match get_user::site().lookup(#[inline(always)] |key| key.text("user")) {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.detached(get_user::uncached()).await
}
/// The cache of `get_user`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[cfg(unix)]
#[allow(unused, reason = "")]
#[cfg_attr(test, allow(clippy::all))]
#[allow(non_camel_case_types)]
struct get_user {}
#[allow(clippy::unused_async)]
#[cfg(unix)]
#[expect(unused, reason = "")]
#[cfg_attr(test, allow(clippy::all))]
impl get_user {
    fn site() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<u64, u64>,
    > {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "get_user",
            "user",
            ::cache_runtime::__private::Policy::new(),
        );
        ::cache_runtime::__private::Returns::<u64>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    async fn uncached() -> u64 {
        #![warn(dead_code)]
        1
    }
    async fn refresh() -> u64 {
        get_user::site()
            .refresh(|key| key.text("user"))
            .detached(get_user::uncached())
            .await
    }
    fn entry() -> ::cache_runtime::__private::EntryRef<u64> {
        get_user::site().entry(|key| key.text("user"))
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        get_user::site().stats()
    }
}
