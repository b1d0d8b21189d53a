//! The server: where it is, and how to connect to it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "redis-tls")]
use redis::TlsCertificates;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, PushInfo, PushKind, RedisError,
};
use tokio::time::timeout;

use super::handshake::{Role, ask_role, ask_version, hello};
use super::refusal::Refusal;
use super::tls;
use crate::error::{Error, ErrorKind, Result};

/// How long one attempt to connect may take: longer than any healthy server does, and short enough
/// to be back in two seconds after a path swallowed the attempt before.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(750);

/// How many commands may wait to be written before callers wait to hand theirs over.
const QUEUE: usize = 1024;

#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Server {
    client: Arc<Client>,
    /// Refuse it while it is a replica: somebody else should be connected to.
    only_as_primary: bool,
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let client = client(url, ProtocolVersion::RESP3)?;
        Ok(Self { client: Arc::new(client), only_as_primary: false })
    }

    /// What connects to a Sentinel, of which nothing is wanted but one answer.
    pub(super) fn parse_resp2(url: &str) -> Result<Client> {
        client(url, ProtocolVersion::RESP2)
    }

    pub(super) fn only_as_primary(self) -> Self {
        Self { only_as_primary: true, ..self }
    }

    pub(super) fn host(&self) -> Option<String> {
        match self.info().addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => {
                Some(host.clone())
            }
            _ => None,
        }
    }

    pub(super) fn speaks_tls(&self) -> bool {
        matches!(self.info().addr(), ConnectionAddr::TcpTls { .. })
    }

    /// The same at another address.
    pub(super) fn at(&self, host: String, port: u16) -> Result<Self, RedisError> {
        let address = match self.info().addr().clone() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure, tls_params }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        let client = Client::open(self.info().clone().set_addr(address))?;
        Ok(Self { client: Arc::new(client), only_as_primary: self.only_as_primary })
    }

    /// The same, trusting these certificates alone.
    #[cfg(feature = "redis-tls")]
    pub(super) fn trusting(&self, certificates: &TlsCertificates) -> Result<Self> {
        let client = trusting(&self.client, certificates)?;
        Ok(Self { client: Arc::new(client), only_as_primary: self.only_as_primary })
    }

    pub(super) fn is_at_the_address_of(&self, other: &Self) -> bool {
        self.info().addr() == other.info().addr()
    }

    /// Connects and makes sure that the server knows what is asked of it later.
    ///
    /// `on_disconnect` is called when the connection is closed, by whichever side; not where the
    /// server speaks the older protocol alone.
    pub(super) async fn connect(
        &self,
        on_disconnect: impl Fn() + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, Refusal> {
        let pushed = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                on_disconnect();
            }
        };
        in_time(async {
            match self.speak_resp3(pushed).await {
                Err(Refusal::OnlyResp2(_)) => self.speak_resp2().await,
                answer => answer,
            }
        })
        .await
    }

    /// Connects to be told what the server says unasked, in order with what it answers.
    pub(super) async fn listen(
        &self,
        pushed: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, Refusal> {
        in_time(self.speak_resp3(pushed)).await
    }

    async fn speak_resp3(
        &self,
        pushed: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, Refusal> {
        let pushed = move |push| {
            pushed(push);
            Ok::<_, Infallible>(())
        };
        let config = config().set_push_sender(pushed);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        let role = hello(&mut connection).await?;
        self.check_role(role)?;
        Ok(connection)
    }

    /// There is no push for a lost connection either: commands and `PING` notice.
    async fn speak_resp2(&self) -> Result<MultiplexedConnection, Refusal> {
        let info = self.info();
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        let client = Client::open(info.clone().set_redis_settings(settings))?;
        let config = config();
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        ask_version(&mut connection).await?;
        if self.only_as_primary {
            self.check_role(ask_role(&mut connection).await?)?;
        }
        Ok(connection)
    }

    fn check_role(&self, role: Role) -> Result<(), Refusal> {
        match role {
            Role::Replica if self.only_as_primary => Err(Refusal::Replica),
            _ => Ok(()),
        }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        self.client.get_connection_info()
    }
}

fn client(url: &str, protocol: ProtocolVersion) -> Result<Client> {
    tls::prepare(url)?;
    let info = url.into_connection_info().map_err(invalid)?;
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(protocol).set_skip_set_lib_name();
    let info = info.set_tcp_settings(tcp()).set_redis_settings(settings);
    Client::open(info).map_err(invalid)
}

/// What connects without TLS stays as it is.
#[cfg(feature = "redis-tls")]
pub(super) fn trusting(client: &Client, certificates: &TlsCertificates) -> Result<Client> {
    let info = client.get_connection_info().clone();
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Ok(client.clone());
    }
    Client::build_with_tls(info, certificates.clone()).map_err(|error| {
        Error::new(ErrorKind::Config, "the root certificates are not valid").with_source(error)
    })
}

/// What is sent and not acknowledged for a while is lost, and the connection with it: the client of
/// a cluster has no other way to notice a path that swallows everything.
pub(super) fn tcp() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(UNACKNOWLEDGED);
    settings
}

/// Each call has a limit of its own, set by who makes it.
pub(super) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
}

async fn in_time<T>(connecting: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    let connected = timeout(CONNECT_TIMEOUT, connecting).await;
    connected.unwrap_or(Err(Refusal::Silent))
}

pub(super) fn invalid(error: RedisError) -> Error {
    Error::new(ErrorKind::Config, "the Redis URL is not valid").with_source(error)
}

/// The address and the database, without user and password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.info().addr(), self.info().redis_settings().db())
    }
}
