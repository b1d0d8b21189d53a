//! `fred`: another client, used by hand.

use ::fred::prelude::*;

use super::redis;
use crate::contender::{Contender, failed};
use crate::workload::{LoadError, User};

/// `GET`, and the decode of the `redis` case beside it.
pub async fn redis_clients() -> Result<Vec<Contender>, LoadError> {
    let config = Config::from_url(redis::url()).map_err(failed)?;
    let client = Builder::from_config(config).build().map_err(failed)?;
    client.init().await.map_err(failed)?;
    Ok(vec![Contender::new("fred GET + rmp-serde", move |id| {
        let client = client.clone();
        async move {
            let bytes: Vec<u8> = client.get(redis::key(id)).await.map_err(failed)?;
            rmp_serde::from_slice::<User>(&bytes).map_err(failed)
        }
    })])
}
