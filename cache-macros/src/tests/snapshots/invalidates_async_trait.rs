impl Users {
    fn forget<'a>(&'a self, id: u64) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
        ::std::boxed::Box::pin(async move {
            let invalidation = ::cache_runtime::__private::Invalidation::on(&self.cache)
                .entry(self.user_entry(&id));
            let result = Box::pin(async move { self.db.forget(id).await }).await;
            invalidation
                .settle(::cache_runtime::__private::Returns::<()>::new().kind(), result)
                .await
        })
    }
}
