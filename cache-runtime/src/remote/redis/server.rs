//! The server: where it is, and how to connect to it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind,
    RedisError, Value, cmd,
};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Result};

/// How long one attempt to connect may take: longer than any healthy server does, and short enough
/// to be back in two seconds after a path swallowed the attempt before.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(750);

/// How many commands may wait to be written before callers wait to hand theirs over.
const QUEUE: usize = 1024;

const CLIENT_NAME: &str = "cache-runtime";

const OLDEST: (u32, u32) = (7, 0);

#[derive(Clone)]
pub(super) struct Server {
    client: Client,
}

/// Why there is no connection.
pub(super) enum Refusal {
    /// It may go better the next moment.
    Failed(RedisError),
    /// Nobody answered in time.
    Silent,
    /// It won't until somebody acts.
    TooOld(String),
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let invalid = |error: RedisError| {
            Error::new(ErrorKind::Config, "the Redis URL is not valid").with_source(error)
        };
        let info = url.into_connection_info().map_err(invalid)?;
        let settings = info.redis_settings().clone();
        let settings = settings.set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
        let info = info
            .set_tcp_settings(TcpSettings::default().set_nodelay(true))
            .set_redis_settings(settings);
        let client = Client::open(info).map_err(invalid)?;
        Ok(Self { client })
    }

    /// Connects and makes sure that the server knows what is asked of it later.
    ///
    /// `on_disconnect` is called when the connection is closed, by whichever side.
    pub(super) async fn connect(
        &self,
        on_disconnect: impl Fn() + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, Refusal> {
        let pushed = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                on_disconnect();
            }
            Ok::<_, Infallible>(())
        };
        // Each call has a limit of its own, set by who makes it.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_push_sender(pushed);
        let connecting = async {
            let client = &self.client;
            let connection = client.get_multiplexed_async_connection_with_config(&config);
            let mut connection = connection.await?;
            check_version(&mut connection).await?;
            Ok(connection)
        };
        let connected = timeout(CONNECT_TIMEOUT, connecting).await;
        connected.unwrap_or(Err(Refusal::Silent))
    }
}

/// `HELLO` answers the version, and may do so where `INFO` is forbidden.
async fn check_version(connection: &mut MultiplexedConnection) -> Result<(), Refusal> {
    let mut hello = cmd("HELLO");
    hello.arg(3).arg("SETNAME").arg(CLIENT_NAME);
    let about: HashMap<String, Value> = hello.query_async(connection).await?;
    let version = about.get("version").cloned().unwrap_or(Value::Nil);
    let version: String = redis::from_redis_value(version).map_err(RedisError::from)?;
    if parse_version(&version).is_some_and(|version| version < OLDEST) {
        return Err(Refusal::TooOld(version));
    }
    Ok(())
}

fn parse_version(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

impl From<RedisError> for Refusal {
    fn from(error: RedisError) -> Self {
        // Redis 5 and older know no `HELLO`.
        let unknown = |detail: &str| detail.starts_with("unknown command");
        let not_supported = error.kind() == redis::ErrorKind::RESP3NotSupported;
        if not_supported || error.detail().is_some_and(unknown) {
            Self::TooOld("unknown".to_owned())
        } else {
            Self::Failed(error)
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "Redis is not available: {error}"),
            Self::Silent => f.write_str("Redis does not answer"),
            Self::TooOld(version) => write!(
                f,
                "the server is too old (version {version}): Redis 7.0 or Valkey 7.2 is needed"
            ),
        }
    }
}

/// The address and the database, without user and password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.client.get_connection_info();
        write!(f, "{}/{}", info.addr(), info.redis_settings().db())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("6.2.14").is_some_and(|version| version < OLDEST));
        assert!(parse_version("7.0.15").is_some_and(|version| version >= OLDEST));
        assert!(parse_version("10.1").is_some_and(|version| version >= OLDEST));
        assert_eq!(parse_version("unstable"), None);
    }
}
