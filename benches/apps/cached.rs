
use cached::macros::cached;

#[cached(max_size = 1_000, ttl_secs = 60)]
pub async fn get_userNN(id: u64) -> Result<UserNN, Error> {
    let row = origin::row("user", id).await?;
    Ok(UserNN { id: row.id, name: row.name, email: row.email })
}

#[cached(max_size = 1_000, ttl_secs = 60)]
pub async fn get_profileNN(id: u64) -> Result<Arc<UserNN>, Error> {
    let row = origin::row("profile", id).await?;
    Ok(Arc::new(UserNN { id: row.id, name: row.name.to_uppercase(), email: row.email }))
}

#[cached(max_size = 1_000, ttl_secs = 60)]
pub async fn find_orderNN(name: String) -> Option<OrderNN> {
    let row = origin::row("order", name.len() as u64).await.ok()?;
    Some(OrderNN { number: row.id, of: name, total: row.score, lines: vec![row.name] })
}

#[cached(max_size = 1_000, ttl_secs = 60)]
pub async fn list_ordersNN(tenant: u32, user: u64) -> Result<Vec<OrderNN>, Error> {
    let mut orders = Vec::new();
    for number in 0..u64::from(tenant) {
        let row = origin::row("order", number + user).await?;
        orders.push(OrderNN { number, of: row.name, total: row.score, lines: Vec::new() });
    }
    Ok(orders)
}
