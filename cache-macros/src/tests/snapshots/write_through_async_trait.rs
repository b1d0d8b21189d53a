impl Users {
    fn save<'a>(&'a self, user: &'a User) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        ::std::boxed::Box::pin(async move {
            let write = ::cache_runtime::__private::WriteThrough::key_on(
                    &self.cache,
                    ::cache_runtime::__private::Policy::new(),
                    |key| key.part(&self.tenant).text(":").part(&user.id),
                )
                .enter()
                .await;
            let value = ::std::borrow::ToOwned::to_owned(&user.name);
            let result = Box::pin(async move { self.db.save(user).await }).await;
            write
                .settle_with(
                    ::cache_runtime::__private::Returns::<()>::new().kind(),
                    result,
                    value,
                )
                .await
        })
    }
}
