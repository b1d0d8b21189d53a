//! Redis Sentinel: who watches the servers, and knows which of them is the primary.
//!
//! <https://redis.io/docs/latest/develop/reference/sentinel-clients/>: ask one after the other,
//! connect, make sure of the role, and ask again whenever the connection is lost. They are asked
//! while it stands too: a primary that is cut off from them may not know that it is none any more.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(feature = "redis-tls")]
use redis::TlsCertificates;
use redis::{Client, RedisError, cmd};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::refusal::Refusal;
#[cfg(feature = "redis-tls")]
use super::server::trusting;
use super::server::{Server, config};
use crate::error::{Error, ErrorKind, Result};

/// How soon a move is noticed while the old primary still answers.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long one Sentinel may take, and how long it is waited for before the next one is asked too.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_millis(80);

#[derive(Clone)]
pub(super) struct Sentinels {
    inner: Arc<Inner>,
}

struct Inner {
    sentinels: Vec<Client>,
    name: String,
    /// How to connect to what they name: everything but the address.
    servers: Server,
    /// Who is asked first, so that one that is behind the others doesn't have the word for ever.
    turn: AtomicUsize,
    /// The primary whose changes are told.
    followed: Mutex<Option<Server>>,
}

type Address = (String, u16);

impl Sentinels {
    /// `primary` is the name, or a URL with the name in place of the host.
    pub(super) fn parse<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        primary: &str,
    ) -> Result<Self> {
        let sentinels = urls.into_iter().map(|url| Server::parse_resp2(&with_scheme(url.as_ref())));
        let sentinels = sentinels.collect::<Result<Vec<_>>>()?;
        if sentinels.is_empty() {
            return Err(Error::new(ErrorKind::Config, "there is no Sentinel to ask"));
        }
        let servers = Server::parse(&with_scheme(primary))?.only_as_primary();
        let name = servers.host().ok_or_else(|| {
            Error::new(ErrorKind::Config, "a socket's path is no name of a primary")
        })?;
        Ok(Self::new(sentinels, name, servers))
    }

    fn new(sentinels: Vec<Client>, name: String, servers: Server) -> Self {
        Self {
            inner: Arc::new(Inner {
                sentinels,
                name,
                servers,
                turn: AtomicUsize::new(0),
                followed: Mutex::default(),
            }),
        }
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn trusting(&self, certificates: &TlsCertificates) -> Result<Self> {
        let Inner { sentinels, name, servers, .. } = &*self.inner;
        let sentinels = sentinels.iter().map(|sentinel| trusting(sentinel, certificates));
        let sentinels = sentinels.collect::<Result<_>>()?;
        Ok(Self::new(sentinels, name.clone(), servers.trusting(certificates)?))
    }

    /// The primary, by the first of them that answers.
    pub(super) async fn primary(&self) -> Result<Server, Refusal> {
        let first = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        let mut asked = JoinSet::new();
        let mut patience = Duration::ZERO;
        for at in 0..self.inner.sentinels.len() {
            let inner = Arc::clone(&self.inner);
            asked.spawn(async move {
                sleep(patience).await;
                inner.ask(first.wrapping_add(at)).await
            });
            patience += PATIENCE;
        }
        let mut refusal = Refusal::Silent;
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok((host, port))) => return Ok(self.inner.servers.at(host, port)?),
                Ok(Err(failed)) => refusal = failed,
                // It was aborted, by nobody but the end of the runtime.
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    /// Notes that the changes of `primary` are told, until what this answers is dropped.
    ///
    /// Commands and changes find the primary each for themselves. What another server answers would
    /// count for as long as what is told, so it is not asked any more.
    pub(super) fn followed(&self, primary: &Server) -> Followed<'_> {
        *self.inner.followed() = Some(primary.clone());
        Followed { sentinels: self, primary: primary.clone() }
    }

    /// Whether `server` may be asked.
    pub(super) fn may_ask(&self, server: &Server) -> bool {
        self.inner.followed().as_ref().is_none_or(|primary| primary.is_at_the_address_of(server))
    }

    /// Ends when they name another primary than `server`; silence moves nothing.
    pub(super) async fn moved_from(&self, server: &Server) {
        loop {
            sleep(ASK_EVERY).await;
            if self.primary().await.is_ok_and(|primary| !primary.is_at_the_address_of(server)) {
                return;
            }
        }
    }
}

/// See [`Sentinels::followed`].
pub(super) struct Followed<'a> {
    sentinels: &'a Sentinels,
    primary: Server,
}

impl Drop for Followed<'_> {
    fn drop(&mut self) {
        let mut followed = self.sentinels.inner.followed();
        if followed.as_ref().is_some_and(|primary| primary.is_at_the_address_of(&self.primary)) {
            *followed = None;
        }
    }
}

impl Inner {
    fn followed(&self) -> MutexGuard<'_, Option<Server>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, turn: usize) -> Result<Address, Refusal> {
        let sentinel = &self.sentinels[turn % self.sentinels.len()];
        let answer = timeout(ANSWER_TIMEOUT, self.address_by(sentinel)).await;
        let address = answer.map_err(|_| Refusal::Silent)??;
        address.ok_or_else(|| Refusal::UnknownName(self.name.clone()))
    }

    async fn address_by(&self, sentinel: &Client) -> Result<Option<Address>, RedisError> {
        let config = config();
        let connecting = sentinel.get_multiplexed_async_connection_with_config(&config);
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name);
        question.query_async(&mut connecting.await?).await
    }
}

/// Sentinels are commonly given as `host:port`, a primary by its name.
fn with_scheme(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("redis://{address}") }
}

/// The name, and the addresses of the Sentinels, without users and passwords.
impl fmt::Display for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by ", self.inner.name)?;
        for (at, sentinel) in self.inner.sentinels.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{}", sentinel.get_connection_info().addr())?;
        }
        Ok(())
    }
}
