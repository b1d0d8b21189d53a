impl Users {
    pub async fn user(&self, id: u64, pool: &Pool) -> Result<User, DbError> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "user",
                "user:<self.tenant>:<id>",
                ::cache_runtime::__private::Policy::new()
                    .ttl(::cache_runtime::__private::Time(TTL).get())
                    .local(),
            );
            ::cache_runtime::__private::Returns::<Result<User, DbError>>::new()
                .kind()
                .errors()
                .local()
                .at(&SITE)
        };
        let call = match site
            .lookup(
                #[inline(always)]
                |key| key.text("user:").part(&self.tenant).text(":").part(&id),
            )
        {
            ::cache_runtime::__private::Lookup::Hit(value) => return value,
            ::cache_runtime::__private::Lookup::Miss(call) => call,
        };
        call.load(async move {
                if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
                    Result<User, DbError>,
                > {
                    return out;
                }
                Ok(self.db.user(id).await?)
            })
            .await
    }
    /// Makes the entry that `user` caches.
    pub fn user_entry(&self, id: &u64) -> ::cache_runtime::__private::EntryRef<User> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "user",
                "user:<self.tenant>:<id>",
                ::cache_runtime::__private::Policy::new()
                    .ttl(::cache_runtime::__private::Time(TTL).get())
                    .local(),
            );
            ::cache_runtime::__private::Returns::<Result<User, DbError>>::new()
                .kind()
                .errors()
                .local()
                .at(&SITE)
        };
        site.entry(|key| key.text("user:").part(&self.tenant).text(":").part(id))
    }
}
