
use std::sync::LazyLock;
use std::time::Duration;

use moka::future::Cache;

static USERSNN: LazyLock<Cache<u64, UserNN>> = LazyLock::new(|| {
    Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(60)).build()
});

pub async fn get_userNN(id: u64) -> Result<UserNN, Arc<Error>> {
    let load = async {
        let row = origin::row("user", id).await?;
        Ok(UserNN { id: row.id, name: row.name, email: row.email })
    };
    USERSNN.try_get_with(id, load).await
}

static PROFILESNN: LazyLock<Cache<u64, Arc<UserNN>>> = LazyLock::new(|| {
    Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(60)).build()
});

pub async fn get_profileNN(id: u64) -> Result<Arc<UserNN>, Arc<Error>> {
    let load = async {
        let row = origin::row("profile", id).await?;
        Ok(Arc::new(UserNN { id: row.id, name: row.name.to_uppercase(), email: row.email }))
    };
    PROFILESNN.try_get_with(id, load).await
}

static FOUNDNN: LazyLock<Cache<String, OrderNN>> = LazyLock::new(|| {
    Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(60)).build()
});

pub async fn find_orderNN(name: String) -> Option<OrderNN> {
    let load = async {
        let row = origin::row("order", name.len() as u64).await.ok()?;
        Some(OrderNN { number: row.id, of: name.clone(), total: row.score, lines: vec![row.name] })
    };
    FOUNDNN.optionally_get_with(name.clone(), load).await
}

static LISTSNN: LazyLock<Cache<(u32, u64), Vec<OrderNN>>> = LazyLock::new(|| {
    Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(60)).build()
});

pub async fn list_ordersNN(tenant: u32, user: u64) -> Result<Vec<OrderNN>, Arc<Error>> {
    let load = async {
        let mut orders = Vec::new();
        for number in 0..u64::from(tenant) {
            let row = origin::row("order", number + user).await?;
            orders.push(OrderNN { number, of: row.name, total: row.score, lines: Vec::new() });
        }
        Ok(orders)
    };
    LISTSNN.try_get_with((tenant, user), load).await
}
