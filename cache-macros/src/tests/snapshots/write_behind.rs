pub async fn save_item(item: Item) -> Result<(), DbError> {
    let write = ::cache_runtime::__private::WriteThrough::key(
        ::cache_runtime::__private::Policy::new(),
        |key| key.text("item:").part(&item.id),
    );
    let value = ::std::borrow::ToOwned::to_owned(&item);
    match save_item::function()
        .write(
            ::cache_runtime::__private::Returns::<Result<(), DbError>>::new().kind(),
            ::cache_runtime::__private::done(
                ::cache_runtime::__private::Returns::<Result<(), DbError>>::new().kind(),
            ),
            write,
            value,
            &(),
        )
        .await
    {
        ::cache_runtime::__private::Behind::Later(returned) => returned,
        ::cache_runtime::__private::Behind::Now(now) => {
            now.run(save_item::made(item)).await
        }
    }
}
/// The writes of `save_item`: `flush` makes what waits, `pending` counts it, `dead` tells what was given up.
#[allow(non_camel_case_types)]
pub struct save_item {}
impl save_item {
    fn function() -> &'static ::cache_runtime::__private::WriteBehind {
        static FUNCTION: ::cache_runtime::__private::WriteBehind = ::cache_runtime::__private::WriteBehind::new(
            ::core::any::type_name::<save_item>,
            |batch| {
                batch
                    .each_value(
                        ::cache_runtime::__private::Returns::<Result<(), DbError>>::new()
                            .kind(),
                        save_item::made,
                    )
            },
        );
        &FUNCTION
    }
    #[allow(clippy::unused_async, clippy::used_underscore_binding)]
    async fn made(item: Item) -> Result<(), DbError> {
        db::save(item).await
    }
    /// Makes every write that waits, now.
    #[allow(dead_code, clippy::missing_errors_doc)]
    pub async fn flush() -> ::cache_runtime::__private::Result<()> {
        save_item::function().flush().await
    }
    /// How many writes wait.
    #[allow(dead_code, clippy::missing_errors_doc)]
    pub async fn pending() -> ::cache_runtime::__private::Result<u64> {
        save_item::function().pending().await
    }
    /// The writes that were given up.
    #[allow(dead_code, clippy::missing_errors_doc)]
    pub async fn dead() -> ::cache_runtime::__private::Result<
        ::std::vec::Vec<::cache_runtime::__private::Dead>,
    > {
        save_item::function().dead().await
    }
}
::cache_runtime::__private::inventory::submit! {
    ::cache_runtime::__private::Registered(save_item::function)
}
