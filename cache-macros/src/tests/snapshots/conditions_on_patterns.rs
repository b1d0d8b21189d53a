async fn get(arg0: (u8, u8), arg1: &C, cache: Cache) -> u8 {
    let cached: bool = {
        #[allow(unused_variables)]
        let (a, b) = &arg0;
        #[allow(unused_variables)]
        let C { c, .. } = &arg1;
        let a = ::core::clone::Clone::clone(a);
        a > 0 && c.is_some()
    };
    let call = match get::site()
        .on(&cache)
        .lookup_if(
            cached,
            |key| {
                #[allow(unused_variables)]
                let (a, b) = &arg0;
                key.part(a)
            },
        )
    {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.unless({
            #[allow(unused_variables)]
            let (a, b) = &arg0;
            #[allow(unused_variables)]
            let C { c, .. } = &arg1;
            let b = ::core::clone::Clone::clone(b);
            let c = ::std::borrow::ToOwned::to_owned(c);
            move |value| {
                let c = &c;
                b == *value || c.is_none()
            }
        })
        .detached({
            let arg1 = ::std::borrow::ToOwned::to_owned(arg1);
            async move { get::uncached(arg0, &arg1, cache).await }
        })
        .await
}
/// The cache of `get`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
struct get {}
#[allow(clippy::unused_async)]
impl get {
    fn site() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<u8, u8>,
    > {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "get",
            "<a>",
            ::cache_runtime::__private::Policy::new(),
        );
        ::cache_runtime::__private::Returns::<u8>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    async fn uncached((mut a, b): (u8, u8), &C { ref c, .. }: &C, cache: Cache) -> u8 {
        let _ = &b;
        let _ = &c;
        let _ = &cache;
        a
    }
    async fn refresh(arg0: (u8, u8), arg1: &C, cache: Cache) -> u8 {
        let cached: bool = {
            #[allow(unused_variables)]
            let (a, b) = &arg0;
            #[allow(unused_variables)]
            let C { c, .. } = &arg1;
            let a = ::core::clone::Clone::clone(a);
            a > 0 && c.is_some()
        };
        let call = get::site()
            .on(&cache)
            .refresh_if(
                cached,
                |key| {
                    #[allow(unused_variables)]
                    let (a, b) = &arg0;
                    key.part(a)
                },
            );
        call.unless({
                #[allow(unused_variables)]
                let (a, b) = &arg0;
                #[allow(unused_variables)]
                let C { c, .. } = &arg1;
                let b = ::core::clone::Clone::clone(b);
                let c = ::std::borrow::ToOwned::to_owned(c);
                move |value| {
                    let c = &c;
                    b == *value || c.is_none()
                }
            })
            .detached({
                let arg1 = ::std::borrow::ToOwned::to_owned(arg1);
                async move { get::uncached(arg0, &arg1, cache).await }
            })
            .await
    }
    fn entry(
        arg0: &(u8, u8),
        cache: &Cache,
    ) -> ::cache_runtime::__private::EntryRef<u8> {
        get::site()
            .on(&cache)
            .entry(|key| {
                #[allow(unused_variables)]
                let (a, b) = arg0;
                key.part(a)
            })
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        get::site().stats()
    }
}
