//! What the app loads from.

#[derive(Clone, Debug, PartialEq)]
pub struct Error(pub String);

pub struct Row {
    pub id: u64,
    pub name: String,
    pub email: Option<String>,
    pub score: f64,
}

#[inline(never)]
pub async fn row(table: &'static str, id: u64) -> Result<Row, Error> {
    tokio::task::yield_now().await;
    if id == u64::MAX {
        return Err(Error(format!("{table} has no row {id}")));
    }
    Ok(Row { id, name: format!("{table} {id}"), email: None, score: 1.5 })
}
