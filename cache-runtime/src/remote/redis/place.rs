//! Where the keys are: at an address that stays, wherever Sentinels say, or spread over a cluster.

use std::fmt;
use std::future::pending;

#[cfg(feature = "redis-tls")]
use redis::TlsCertificates;

use super::cluster::Cluster;
use super::layout::Layout;
use super::refusal::Refusal;
use super::sentinel::Sentinels;
use super::server::Server;
use super::wire::Wire;
#[cfg(feature = "redis-tls")]
use crate::error::Error;

#[derive(Clone)]
pub(super) enum Place {
    Server(Server),
    Sentinels(Sentinels),
    Cluster(Cluster),
}

/// What a place led to when it was looked up.
pub(super) enum Origin {
    Server(Server),
    Cluster(Layout),
}

impl Place {
    /// Connects to what is the primary now, or to all of them. `on_disconnect` is called when the
    /// connection to one server is closed; a cluster's mends itself.
    pub(super) async fn connect(
        &self,
        on_disconnect: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Origin, Wire), Refusal> {
        let server = match self {
            Self::Server(server) => server.clone(),
            Self::Sentinels(sentinels) => sentinels.primary().await?,
            Self::Cluster(cluster) => {
                let (layout, connection) = cluster.connect().await?;
                return Ok((Origin::Cluster(layout), Wire::Cluster(connection)));
            }
        };
        let connection = server.connect(on_disconnect).await?;
        Ok((Origin::Server(server), Wire::One(connection)))
    }

    /// The same, trusting these certificates alone.
    #[cfg(feature = "redis-tls")]
    pub(super) fn trusting(&self, certificates: &TlsCertificates) -> Result<Self, Error> {
        Ok(match self {
            Self::Server(server) => Self::Server(server.trusting(certificates)?),
            Self::Sentinels(sentinels) => Self::Sentinels(sentinels.trusting(certificates)?),
            Self::Cluster(cluster) => Self::Cluster(cluster.trusting(certificates)?),
        })
    }

    /// Whether what `origin` answers may be relied on, as far as is known without asking.
    pub(super) fn may_ask(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (Self::Sentinels(sentinels), Origin::Server(server)) => sentinels.may_ask(server),
            _ => true,
        }
    }

    /// Ends when this leads elsewhere than to `origin`, which it led to before.
    pub(super) async fn moved_from(&self, origin: &Origin) {
        match (self, origin) {
            (Self::Sentinels(sentinels), Origin::Server(server)) => {
                sentinels.moved_from(server).await;
            }
            (Self::Cluster(cluster), Origin::Cluster(layout)) => cluster.moved_from(layout).await,
            _ => pending().await,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(server) => server.fmt(f),
            Self::Sentinels(sentinels) => sentinels.fmt(f),
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}
