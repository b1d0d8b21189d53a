async fn get<'a, T: Load + 'a, const N: usize>(
    id: T::Id,
    of: [&'a str; N],
    by: impl Fn() + KeyPart,
) -> Result<Option<T>, Error>
where
    T::Id: KeyPart,
{
    let call = match get::site::<T, { N }>()
        .lookup(
            #[inline(always)]
            |key| {
                key
                    .path_of::<get>()
                    .types::<T>()
                    .text(":")
                    .part(&N)
                    .text(":")
                    .part(&id)
                    .text(":")
                    .part(&of)
                    .text(":")
                    .type_of(&by)
                    .part(&by)
            },
        )
    {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.load(get::uncached::<T, { N }>(id, of, by)).await
}
/// The cache of `get`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
struct get {}
impl get {
    fn site_of_all() -> &'static ::cache_runtime::__private::Site {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "get",
            "",
            ::cache_runtime::__private::Policy::new(),
        );
        &SITE
    }
    fn site<'a, T: Load + 'a, const N: usize>() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<Result<Option<T>, Error>, T>,
    >
    where
        T::Id: KeyPart,
    {
        ::cache_runtime::__private::Returns::<Result<Option<T>, Error>>::new()
            .kind()
            .errors()
            .serde()
            .at(get::site_of_all())
    }
    async fn uncached<'a, T: Load + 'a, const N: usize>(
        id: T::Id,
        of: [&'a str; N],
        by: impl Fn() + KeyPart,
    ) -> Result<Option<T>, Error>
    where
        T::Id: KeyPart,
    {
        T::load(id, of, by).await
    }
    async fn refresh<'a, T: Load + 'a, const N: usize>(
        id: T::Id,
        of: [&'a str; N],
        by: impl Fn() + KeyPart,
    ) -> Result<Option<T>, Error>
    where
        T::Id: KeyPart,
    {
        get::site::<T, { N }>()
            .refresh(|key| {
                key
                    .path_of::<get>()
                    .types::<T>()
                    .text(":")
                    .part(&N)
                    .text(":")
                    .part(&id)
                    .text(":")
                    .part(&of)
                    .text(":")
                    .type_of(&by)
                    .part(&by)
            })
            .load(get::uncached::<T, { N }>(id, of, by))
            .await
    }
    fn entry<'a, T: Load + 'a, const N: usize>(
        id: &T::Id,
        of: &[&'a str; N],
        by: &(impl Fn() + KeyPart),
    ) -> ::cache_runtime::__private::EntryRef<T>
    where
        T::Id: KeyPart,
    {
        get::site::<T, { N }>()
            .entry(|key| {
                key
                    .path_of::<get>()
                    .types::<T>()
                    .text(":")
                    .part(&N)
                    .text(":")
                    .part(id)
                    .text(":")
                    .part(of)
                    .text(":")
                    .type_of(by)
                    .part(by)
            })
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        get::site_of_all().stats()
    }
}
