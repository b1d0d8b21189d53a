//! The `redis` crate, used by hand: what a hit in Redis cannot beat.

use std::sync::OnceLock;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use crate::contender::{Contender, failed};
use crate::workload::{LoadError, User, Value};

/// The name of the case a hit of ours is held against.
pub const DECODED: &str = "redis GET + rmp-serde";

/// The same without the decode.
pub const BYTES: &str = "redis GET, bytes";

static URL: OnceLock<String> = OnceLock::new();

/// Says where the server of this run is; once.
pub fn use_server(url: String) {
    let _ = URL.set(url);
}

/// Where the server of this run is.
pub fn url() -> &'static str {
    URL.get().map_or("redis://127.0.0.1:6379", String::as_str)
}

/// The key of the values that are read by hand.
pub(super) fn key(id: u64) -> String {
    format!("raw:user:{id}")
}

/// Stores `n` users, and reads them with and without decoding.
pub async fn redis_clients(n: u64) -> Result<Vec<Contender>, LoadError> {
    let connection = fill(n).await.map_err(failed)?;
    let bytes = connection.clone();
    Ok(vec![
        Contender::new(DECODED, move |id| {
            let mut connection = connection.clone();
            async move {
                let bytes: Vec<u8> = connection.get(key(id)).await.map_err(failed)?;
                rmp_serde::from_slice::<User>(&bytes).map_err(failed)
            }
        }),
        Contender::opaque(BYTES, move |id| {
            let mut connection = bytes.clone();
            async move { connection.get::<_, Vec<u8>>(key(id)).await }
        }),
    ])
}

async fn fill(n: u64) -> Result<MultiplexedConnection, Box<dyn std::error::Error>> {
    let mut connection = redis::Client::open(url())?.get_multiplexed_async_connection().await?;
    for id in 0..n {
        let bytes = rmp_serde::to_vec_named(&User::load(id))?;
        let _: () = connection.set_ex(key(id), bytes, 3600).await?;
    }
    Ok(connection)
}
