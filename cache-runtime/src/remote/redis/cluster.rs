//! A cluster: who its primaries are, and a connection to all of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::ProtocolVersion;
#[cfg(feature = "redis-tls")]
use redis::TlsCertificates;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::layout::{Address, Layout};
use super::refusal::Refusal;
use super::server::{CONNECT_TIMEOUT, Server, invalid, tcp};
use crate::error::{Error, ErrorKind, Result};

/// How soon a failover is noticed while the old primary still answers, or keeps its silence.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long one node may take to say who the primaries are, and how long it is waited for before
/// the next one is asked too.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_millis(80);

/// How long the client waits for one node: longer than any call may take.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);
const NODE_CONNECT_TIMEOUT: Duration = Duration::from_millis(300);

/// Enough for a redirection or a node that comes back; callers have no time for more.
const RETRIES: u32 = 2;
const RETRY_WAIT: std::ops::Range<u64> = 5..20;

#[derive(Clone)]
pub(super) struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    client: ClusterClient,
    /// Nodes that are likely to be there, to begin with.
    seeds: Vec<Server>,
    /// Who is asked first.
    turn: AtomicUsize,
}

impl Cluster {
    pub(super) fn parse<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Result<Self> {
        let seeds = urls.into_iter().map(|url| Server::parse(url.as_ref()));
        let seeds = seeds.collect::<Result<Vec<_>>>()?;
        if seeds.is_empty() {
            return Err(Error::new(ErrorKind::Config, "there is no node to ask"));
        }
        let client = client(&seeds).build().map_err(invalid)?;
        Ok(Self::new(client, seeds))
    }

    fn new(client: ClusterClient, seeds: Vec<Server>) -> Self {
        Self { inner: Arc::new(Inner { client, seeds, turn: AtomicUsize::new(0) }) }
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn trusting(&self, certificates: &TlsCertificates) -> Result<Self> {
        let seeds = self.inner.seeds.iter().map(|seed| seed.trusting(certificates));
        let seeds = seeds.collect::<Result<Vec<_>>>()?;
        let client = client(&seeds).certs(certificates.clone()).build().map_err(invalid)?;
        Ok(Self::new(client, seeds))
    }

    /// Connects to all primaries that can be reached.
    pub(super) async fn connect(&self) -> Result<(Layout, ClusterConnection), Refusal> {
        let layout = self.layout().await?;
        let connecting = timeout(CONNECT_TIMEOUT, self.inner.client.get_async_connection());
        let connection = connecting.await.map_err(|_| Refusal::Silent)??;
        Ok((layout, connection))
    }

    /// Who the primaries are, by the first of the nodes that answers.
    pub(super) async fn layout(&self) -> Result<Layout, Refusal> {
        let first = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        let mut asked = JoinSet::new();
        let mut patience = Duration::ZERO;
        for at in 0..self.inner.seeds.len() {
            let inner = Arc::clone(&self.inner);
            asked.spawn(async move {
                sleep(patience).await;
                let seed = &inner.seeds[first.wrapping_add(at) % inner.seeds.len()];
                timeout(ANSWER_TIMEOUT, layout_by(seed)).await.unwrap_or(Err(Refusal::Silent))
            });
            patience += PATIENCE;
        }
        let mut refusal = Refusal::Silent;
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(layout)) => return Ok(layout),
                Ok(Err(failed)) => refusal = failed,
                // It was aborted, by nobody but the end of the runtime.
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    /// How to connect to each of these nodes.
    pub(super) fn servers<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a Address>,
    ) -> Result<Vec<Server>, Refusal> {
        let like = self.inner.seeds.first().ok_or(Refusal::Silent)?;
        let at = |(host, port): &Address| Ok(like.at(host.clone(), *port)?);
        addresses.into_iter().map(at).collect()
    }

    /// Ends when others than in `layout` serve slots; silence changes nothing.
    pub(super) async fn moved_from(&self, layout: &Layout) {
        loop {
            sleep(LOOK_EVERY).await;
            if self.layout().await.is_ok_and(|seen| seen.serving() != layout.serving()) {
                return;
            }
        }
    }
}

fn client(seeds: &[Server]) -> ClusterClientBuilder {
    ClusterClient::builder(seeds.iter().map(|seed| seed.info().clone()))
        .use_protocol(ProtocolVersion::RESP3)
        .tcp_settings(tcp())
        .connection_timeout(NODE_CONNECT_TIMEOUT)
        .response_timeout(NODE_TIMEOUT)
        .overall_response_timeout(None)
        .retries(RETRIES)
        .min_retry_wait(RETRY_WAIT.start)
        .max_retry_wait(RETRY_WAIT.end)
}

async fn layout_by(seed: &Server) -> Result<Layout, Refusal> {
    let mut connection = seed.connect(|| {}).await?;
    Ok(Layout::seen_by(seed, &mut connection).await?)
}

/// The addresses of the nodes to begin with, without users and passwords.
impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cluster of ")?;
        for (at, seed) in self.inner.seeds.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{}", seed.info().addr())?;
        }
        Ok(())
    }
}
