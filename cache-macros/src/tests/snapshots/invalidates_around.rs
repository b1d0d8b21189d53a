async fn rename_user(id: u64, name: &str) -> Result<(), DbError> {
    let invalidation = ::cache_runtime::__private::Invalidation::new()
        .key(|key| key.text("user:").part(&id))
        .entry(get_group::entry(&id))
        .around()
        .await;
    let result = async move {
        if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
            Result<(), DbError>,
        > {
            return out;
        }
        db::rename(id, name).await
    }
        .await;
    invalidation
        .settle(
            ::cache_runtime::__private::Returns::<Result<(), DbError>>::new().kind(),
            result,
        )
        .await
}
