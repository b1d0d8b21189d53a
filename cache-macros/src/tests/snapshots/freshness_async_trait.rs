impl Users {
    fn user<'a>(
        &'a self,
        id: u64,
    ) -> Pin<Box<dyn Future<Output = Result<User, DbError>> + 'a>> {
        ::std::boxed::Box::pin(async move {
            let site = {
                static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    ::core::module_path!(),
                    "user",
                    "<id>",
                    ::cache_runtime::__private::Policy::new(),
                );
                ::cache_runtime::__private::Returns::<Result<User, DbError>>::new()
                    .kind()
                    .errors()
                    .serde()
                    .at(&SITE)
            };
            let cached: bool = id > 0;
            let call = match site.lookup_if(cached, |key| key.part(&id)) {
                ::cache_runtime::__private::Lookup::Hit(value) => return value,
                ::cache_runtime::__private::Lookup::Miss(call) => call,
            };
            call.ttl_of(|value| -> ::core::time::Duration { value.ttl })
                .unless({
                    let id = ::core::clone::Clone::clone(&id);
                    let this = ::core::clone::Clone::clone(self);
                    move |_| {
                        let this = &this;
                        id == this.last
                    }
                })
                .err_ttl_secs(5)
                .load(Box::pin(async move { self.db.user(id).await }))
                .await
        })
    }
}
