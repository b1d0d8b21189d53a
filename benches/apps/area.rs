use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::origin::{self, Error};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserNN {
    pub id: u64,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderNN {
    pub number: u64,
    pub of: String,
    pub total: f64,
    pub lines: Vec<String>,
}

/// Asks for one of each.
pub async fn visit() -> usize {
    let mut found = 0;
    found += get_userNN(NN).await.map_or(0, |user| user.name.len());
    found += get_profileNN(NN).await.map_or(0, |user| user.name.len());
    found += find_orderNN("NN".to_owned()).await.map_or(0, |order| order.lines.len());
    found += list_ordersNN(1, NN).await.map_or(0, |orders| orders.len());
    found
}
