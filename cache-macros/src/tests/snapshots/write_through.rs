pub async fn save_user(user: User) -> Result<(), DbError> {
    let write = ::cache_runtime::__private::WriteThrough::key(
            ::cache_runtime::__private::Policy::new().ttl_secs(3600).version(2),
            |key| key.text("user:").part(&user.id),
        )
        .enter()
        .await;
    let value = ::std::borrow::ToOwned::to_owned(&user);
    let result = async move {
        if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
            Result<(), DbError>,
        > {
            return out;
        }
        db::save(user).await
    }
        .await;
    write
        .settle_with(
            ::cache_runtime::__private::Returns::<Result<(), DbError>>::new().kind(),
            result,
            value,
        )
        .await
}
