async fn get_user() -> db::Alias {
    let call = match get_user::site().lookup(#[inline(always)] |key| key.text("user")) {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.detached(get_user::uncached()).await
}
/// The cache of `get_user`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
struct get_user {}
impl get_user {
    fn site() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<
            db::Alias,
            ::cache_runtime::__private::ValueOf<
                db::Alias,
                {
                    use ::cache_runtime::__private::AnyReturn as _;
                    ::cache_runtime::__private::Returns::<db::Alias>::OUTER
                        + ::cache_runtime::__private::Returns::<db::Alias>::INNER
                },
            >,
        >,
    > {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "get_user",
            "user",
            ::cache_runtime::__private::Policy::new(),
        );
        ::cache_runtime::__private::Returns::<db::Alias>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    async fn uncached() -> db::Alias {
        db::user().await
    }
    async fn refresh() -> db::Alias {
        get_user::site()
            .refresh(|key| key.text("user"))
            .detached(get_user::uncached())
            .await
    }
    fn entry() -> ::cache_runtime::__private::EntryRef<
        ::cache_runtime::__private::ValueOf<
            db::Alias,
            {
                use ::cache_runtime::__private::AnyReturn as _;
                ::cache_runtime::__private::Returns::<db::Alias>::OUTER
                    + ::cache_runtime::__private::Returns::<db::Alias>::INNER
            },
        >,
    > {
        get_user::site().entry(|key| key.text("user"))
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        get_user::site().stats()
    }
}
