async fn rename_user(id: u64, name: &str) -> Result<User, DbError> {
    let write = ::cache_runtime::__private::WriteThrough::entry(
            users::get_user::entry(&id),
        )
        .enter()
        .await;
    let result = async move {
        if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
            Result<User, DbError>,
        > {
            return out;
        }
        db::rename(id, name).await
    }
        .await;
    write
        .settle(
            ::cache_runtime::__private::Returns::<Result<User, DbError>>::new().kind(),
            result,
        )
        .await
}
