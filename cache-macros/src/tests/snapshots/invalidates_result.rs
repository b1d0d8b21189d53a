async fn add_user(tenant: Tenant, user: User) -> Result<User, DbError> {
    let invalidation = ::cache_runtime::__private::Invalidation::new()
        .key(|key| key.text("users"));
    let copy1_0 = ::core::clone::Clone::clone(&tenant.id);
    let copy2_0 = ::core::clone::Clone::clone(&tenant);
    let result = async move {
        if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
            Result<User, DbError>,
        > {
            return out;
        }
        db::add(tenant, user).await
    }
        .await;
    invalidation
        .settle_with(
            ::cache_runtime::__private::Returns::<Result<User, DbError>>::new().kind(),
            result,
            |invalidation, result| {
                invalidation
                    .key(|key| {
                        key.text("user:").part(&copy1_0).text(":").part(&result.id)
                    })
                    .entry({
                        let tenant = copy2_0;
                        get_user::entry(&tenant, &result.id)
                    })
            },
        )
        .await
}
