async fn get(arg0: (u8, u8), arg1: &C, d: u8, arg3: &str) -> u8 {
    let call = match get::site()
        .lookup(
            #[inline(always)]
            |key| {
                #[allow(unused_variables)]
                let (a, b) = &arg0;
                #[allow(unused_variables)]
                let C { c, .. } = &arg1;
                key.part(a).text(":").part(&c.0).text(":").part(&d)
            },
        )
    {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.detached({
            let arg1 = ::std::borrow::ToOwned::to_owned(arg1);
            let arg3 = ::std::borrow::ToOwned::to_owned(arg3);
            async move { get::uncached(arg0, &arg1, d, &arg3).await }
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
            "<a>:<c.0>:<d>",
            ::cache_runtime::__private::Policy::new(),
        );
        ::cache_runtime::__private::Returns::<u8>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    async fn uncached(
        (mut a, ref b): (u8, u8),
        &C { ref c, .. }: &C,
        mut d: u8,
        _: &str,
    ) -> u8 {
        let _ = &b;
        let _ = &c;
        let _ = &d;
        a
    }
    async fn refresh(arg0: (u8, u8), arg1: &C, d: u8, arg3: &str) -> u8 {
        get::site()
            .refresh(|key| {
                #[allow(unused_variables)]
                let (a, b) = &arg0;
                #[allow(unused_variables)]
                let C { c, .. } = &arg1;
                key.part(a).text(":").part(&c.0).text(":").part(&d)
            })
            .detached({
                let arg1 = ::std::borrow::ToOwned::to_owned(arg1);
                let arg3 = ::std::borrow::ToOwned::to_owned(arg3);
                async move { get::uncached(arg0, &arg1, d, &arg3).await }
            })
            .await
    }
    fn entry(
        arg0: &(u8, u8),
        arg1: &C,
        d: &u8,
    ) -> ::cache_runtime::__private::EntryRef<u8> {
        get::site()
            .entry(|key| {
                #[allow(unused_variables)]
                let (a, b) = arg0;
                #[allow(unused_variables)]
                let C { c, .. } = arg1;
                key.part(a).text(":").part(&c.0).text(":").part(d)
            })
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        get::site().stats()
    }
}
