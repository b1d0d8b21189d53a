//! Why there is no connection, in words for whoever reads the log.

use std::fmt;

use redis::RedisError;

/// Why there is no connection.
pub(super) enum Refusal {
    /// It may go better the next moment.
    Failed(RedisError),
    /// Nobody answered in time.
    Silent,
    /// It won't until somebody acts.
    TooOld(String),
    /// Commands may be served, in the older protocol; pushes are not.
    OnlyResp2(RedisError),
    /// It follows another server, which the Sentinels will name.
    Replica,
    /// The Sentinels watch no such primary.
    UnknownName(String),
}

impl From<RedisError> for Refusal {
    fn from(error: RedisError) -> Self {
        if knows_no_hello(&error) { Self::OnlyResp2(error) } else { Self::Failed(error) }
    }
}

/// Redis 5 and many proxies know no `HELLO`; some know it and refuse its third version.
fn knows_no_hello(error: &RedisError) -> bool {
    let unknown = |detail: &str| {
        let detail = detail.to_ascii_lowercase();
        detail.contains("unknown command") || detail.contains("unsupported command")
    };
    error.kind() == redis::ErrorKind::RESP3NotSupported
        || error.code() == Some("NOPROTO")
        || error.detail().is_some_and(unknown)
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
            Self::Replica => f.write_str("what was the primary is a replica"),
            Self::UnknownName(name) => write!(f, "the Sentinels know no primary named `{name}`"),
            Self::OnlyResp2(error) => {
                write!(f, "the server, or a proxy before it, speaks only RESP2: {error}")
            }
        }
    }
}
