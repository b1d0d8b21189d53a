impl Users {
    fn user<'life0, 'async_trait>(
        &'life0 self,
        id: u64,
    ) -> ::core::pin::Pin<
        Box<dyn ::core::future::Future<Output = Option<User>> + Send + 'async_trait>,
    >
    where
        'life0: 'async_trait,
    {
        ::std::boxed::Box::pin(async move {
            let site = {
                static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                    ::core::module_path!(),
                    "user",
                    "user:<self.tenant>:<id>",
                    ::cache_runtime::__private::Policy::new(),
                );
                ::cache_runtime::__private::Returns::<Option<User>>::new()
                    .kind()
                    .errors()
                    .serde()
                    .at(&SITE)
            };
            let call = match site
                .on(&self.cache)
                .lookup(
                    #[inline(always)]
                    |key| key.text("user:").part(&self.tenant).text(":").part(&id),
                )
            {
                ::cache_runtime::__private::Lookup::Hit(value) => return value,
                ::cache_runtime::__private::Lookup::Miss(call) => call,
            };
            call.load(
                    Box::pin(async move {
                        let __self = self;
                        __self.db.user(id).await
                    }),
                )
                .await
        })
    }
}
