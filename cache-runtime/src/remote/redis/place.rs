//! Where the primary is: at an address that stays, or wherever Sentinels say.

use std::fmt;
use std::future::pending;

use redis::aio::MultiplexedConnection;

use super::sentinel::Sentinels;
use super::server::{Refusal, Server};

#[derive(Clone)]
pub(super) enum Place {
    Server(Server),
    Sentinels(Sentinels),
}

impl Place {
    /// The server that is the primary now.
    pub(super) async fn primary(&self) -> Result<Server, Refusal> {
        match self {
            Self::Server(server) => Ok(server.clone()),
            Self::Sentinels(sentinels) => sentinels.primary().await,
        }
    }

    /// Connects to the primary, as [`Server::connect`] does.
    pub(super) async fn connect(
        &self,
        on_disconnect: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Server, MultiplexedConnection), Refusal> {
        let primary = self.primary().await?;
        let connection = primary.connect(on_disconnect).await?;
        Ok((primary, connection))
    }

    /// Ends when `server` is the primary no more.
    pub(super) async fn moved_from(&self, server: &Server) {
        match self {
            Self::Server(_) => pending().await,
            Self::Sentinels(sentinels) => sentinels.moved_from(server).await,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(server) => server.fmt(f),
            Self::Sentinels(sentinels) => sentinels.fmt(f),
        }
    }
}
