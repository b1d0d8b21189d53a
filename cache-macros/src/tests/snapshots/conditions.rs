async fn find(
    id: u64,
    force: bool,
    limit: usize,
    filter: &str,
) -> Result<Users, DbError> {
    let cached: bool = !force && filter.is_empty();
    let call = match find::site().lookup_if(cached, |key| key.part(&id)) {
        ::cache_runtime::__private::Lookup::Hit(value) => return value,
        ::cache_runtime::__private::Lookup::Miss(call) => call,
    };
    call.unless({
            let limit = ::core::clone::Clone::clone(&limit);
            let filter = ::std::borrow::ToOwned::to_owned(filter);
            move |value| {
                let filter: &str = &filter;
                value.len() > limit || value.has(filter)
            }
        })
        .load(find::uncached(id, force, limit, filter))
        .await
}
/// The cache of `find`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
struct find {}
impl find {
    fn site() -> ::cache_runtime::__private::SiteFor<
        impl ::cache_runtime::__private::ShapeOf<Result<Users, DbError>, Users>,
    > {
        static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
            ::core::module_path!(),
            "find",
            "<id>",
            ::cache_runtime::__private::Policy::new(),
        );
        ::cache_runtime::__private::Returns::<Result<Users, DbError>>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    async fn uncached(
        id: u64,
        force: bool,
        limit: usize,
        filter: &str,
    ) -> Result<Users, DbError> {
        let _ = &force;
        let _ = &limit;
        db::find(id, filter).await
    }
    async fn refresh(
        id: u64,
        force: bool,
        limit: usize,
        filter: &str,
    ) -> Result<Users, DbError> {
        let cached: bool = !force && filter.is_empty();
        find::site()
            .refresh_if(cached, |key| key.part(&id))
            .unless({
                let limit = ::core::clone::Clone::clone(&limit);
                let filter = ::std::borrow::ToOwned::to_owned(filter);
                move |value| {
                    let filter: &str = &filter;
                    value.len() > limit || value.has(filter)
                }
            })
            .load(find::uncached(id, force, limit, filter))
            .await
    }
    fn entry(id: &u64) -> ::cache_runtime::__private::EntryRef<Users> {
        find::site().entry(|key| key.part(id))
    }
    fn stats() -> ::cache_runtime::__private::SiteStats {
        find::site().stats()
    }
}
