//! The change feed: a connection of its own on which the server tells which keys have changed.
//!
//! `CLIENT TRACKING ON BCAST PREFIX …` (<https://redis.io/docs/latest/develop/reference/client-side-caching/>).
//! The server tells the changes of one round of its loop before it answers what arrives in the
//! next, so whatever was changed before a question was sent has been told when the answer is here.

mod cluster;
mod gate;
mod watch;

use std::convert::Infallible;
use std::future::pending;

use self::gate::Gate;
use self::watch::Watch;
use super::place::Place;
use super::refusal::Refusal;
use super::server::Server;
use crate::error::{Error, ErrorKind, Result};
use crate::remote::feed::Changes;

/// Tells `changes` of all keys under `prefix` until it can't be sure to be told of all of them.
pub(super) async fn follow(place: &Place, prefix: &str, changes: Changes) -> Result<Infallible> {
    match place {
        Place::Server(server) => follow_server(server, prefix, changes, pending()).await,
        Place::Sentinels(sentinels) => {
            let primary = sentinels.primary().await.map_err(|refusal| not_connected(&refusal))?;
            let _followed = sentinels.followed(&primary);
            let moved = sentinels.moved_from(&primary);
            follow_server(&primary, prefix, changes, moved).await
        }
        Place::Cluster(nodes) => cluster::follow(nodes, prefix, changes).await,
    }
}

async fn follow_server(
    server: &Server,
    prefix: &str,
    changes: Changes,
    moves: impl Future<Output = ()>,
) -> Result<Infallible> {
    let gate = Gate::new(changes.clone());
    let since = changes.now();
    let watch = Watch::begin(server, prefix, &gate.speaker).await?;
    changes.armed(since);
    tokio::select! {
        lost = watch.until_lost(&changes, |since| changes.alive(since)) => Err(lost),
        () = moves => Err(moved()),
    }
}

fn moved() -> Error {
    unavailable("another server is the primary now")
}

fn not_connected(refusal: &Refusal) -> Error {
    let kind = match refusal {
        Refusal::OnlyResp2(_) => ErrorKind::Unsupported,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("changes can't be followed: {refusal}"))
}

fn unavailable(reason: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, reason)
}
