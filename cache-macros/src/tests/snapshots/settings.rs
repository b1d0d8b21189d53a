#[allow(clippy::used_underscore_binding)]
pub(crate) async fn get_user(app: &App, user: UserRef<'_>, _tenant: u8) -> Arc<User> {
    let call = match users::site()
        .on(&app.caches[0])
        .lookup(
            #[inline(always)]
            |key| key.text("<user>:").part(&user.id).text("/").part(&_tenant),
        )
    {
        crate::reexported::__private::Lookup::Hit(value) => return value,
        crate::reexported::__private::Lookup::Miss(call) => call,
    };
    call.load(users::uncached(app, user, _tenant)).await
}
/// The cache of `get_user`: `entry` names an entry of it, `refresh` loads one anew, `uncached` calls past it, `stats` counts.
#[allow(non_camel_case_types)]
pub(crate) struct users {}
#[allow(clippy::unused_async, clippy::used_underscore_binding)]
impl users {
    fn site() -> crate::reexported::__private::SiteFor<
        impl crate::reexported::__private::ShapeOf<Arc<User>, Arc<User>>,
    > {
        static SITE: crate::reexported::__private::Site = crate::reexported::__private::Site::new(
            ::core::module_path!(),
            "get_user",
            "<<user>>:<user.id>/<_tenant>",
            crate::reexported::__private::Policy::new()
                .ttl_millis(60500)
                .lease_millis(10000)
                .version(VERSION),
        );
        crate::reexported::__private::Returns::<Arc<User>>::new()
            .kind()
            .errors()
            .serde()
            .at(&SITE)
    }
    pub(crate) async fn uncached(
        app: &App,
        user: UserRef<'_>,
        _tenant: u8,
    ) -> Arc<User> {
        let _ = &app;
        let _ = &user;
        1
    }
    pub(crate) async fn refresh(app: &App, user: UserRef<'_>, _tenant: u8) -> Arc<User> {
        let call = users::site()
            .on(&app.caches[0])
            .refresh(|key| key.text("<user>:").part(&user.id).text("/").part(&_tenant));
        call.load(users::uncached(app, user, _tenant)).await
    }
    pub(crate) fn entry(
        app: &App,
        user: &UserRef<'_>,
        _tenant: &u8,
    ) -> crate::reexported::__private::EntryRef<Arc<User>> {
        users::site()
            .on(&app.caches[0])
            .entry(|key| key.text("<user>:").part(&user.id).text("/").part(_tenant))
    }
    pub(crate) fn stats() -> crate::reexported::__private::SiteStats {
        users::site().stats()
    }
}
