#[cfg(unix)]
#[allow(unused)]
async fn save_item(id: u64, item: Item) {
    let write = ::cache_runtime::__private::WriteThrough::key_on(
        &CACHE,
        ::cache_runtime::__private::Policy::new().ttl_secs(3600).version(2),
        |key| key.text("item:").part(&id),
    );
    let value = ::std::borrow::ToOwned::to_owned(&item.stock);
    match save_item::function()
        .write(
            ::cache_runtime::__private::Returns::<()>::new().kind(),
            ::cache_runtime::__private::done(
                ::cache_runtime::__private::Returns::<()>::new().kind(),
            ),
            write,
            value,
            &(&id, &item),
        )
        .await
    {
        ::cache_runtime::__private::Behind::Later(returned) => returned,
        ::cache_runtime::__private::Behind::Now(now) => {
            now.run(save_item::made(id, item)).await
        }
    }
}
/// The writes of `save_item`: `flush` makes what waits, `pending` counts it, `dead` tells what was given up.
#[cfg(unix)]
#[allow(unused)]
#[allow(non_camel_case_types)]
struct save_item {}
#[cfg(unix)]
#[allow(unused)]
impl save_item {
    fn function() -> &'static ::cache_runtime::__private::WriteBehind {
        static FUNCTION: ::cache_runtime::__private::WriteBehind = ::cache_runtime::__private::WriteBehind::new(
                ::core::any::type_name::<save_item>,
                |batch| {
                    batch
                        .each_call(
                            ::cache_runtime::__private::Returns::<()>::new().kind(),
                            |(id, item): (u64, Item)| save_item::made(id, item),
                        )
                },
            )
            .batch(50)
            .every_millis(250)
            .max_pending(ROOM)
            .retries(3)
            .on(|| ::core::clone::Clone::clone(&CACHE));
        &FUNCTION
    }
    #[allow(clippy::unused_async, clippy::used_underscore_binding)]
    async fn made(id: u64, item: Item) {
        db::save(id, item).await
    }
    /// Makes every write that waits, now.
    #[allow(dead_code, clippy::missing_errors_doc)]
    async fn flush() -> ::cache_runtime::__private::Result<()> {
        save_item::function().flush().await
    }
    /// How many writes wait.
    #[allow(dead_code, clippy::missing_errors_doc)]
    async fn pending() -> ::cache_runtime::__private::Result<u64> {
        save_item::function().pending().await
    }
    /// The writes that were given up.
    #[allow(dead_code, clippy::missing_errors_doc)]
    async fn dead() -> ::cache_runtime::__private::Result<
        ::std::vec::Vec<::cache_runtime::__private::Dead>,
    > {
        save_item::function().dead().await
    }
}
#[cfg(unix)]
::cache_runtime::__private::inventory::submit! {
    ::cache_runtime::__private::Registered(save_item::function)
}
