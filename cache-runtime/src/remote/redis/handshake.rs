//! What a new connection asks first: which version the server has, and who it is.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisError, Value, cmd};

use super::refusal::Refusal;

const CLIENT_NAME: &str = "cache-runtime";

const OLDEST: (u32, u32) = (7, 0);

/// What a server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Primary,
    /// What it knows, it knows late.
    Replica,
}

/// `HELLO` answers version and role, and is allowed where `INFO` and `ROLE` are forbidden.
pub(super) async fn hello(connection: &mut MultiplexedConnection) -> Result<Role, Refusal> {
    let mut hello = cmd("HELLO");
    hello.arg(3).arg("SETNAME").arg(CLIENT_NAME);
    let about: HashMap<String, Value> = hello.query_async(connection).await?;
    let version = about.get("version").cloned().unwrap_or(Value::Nil);
    check(&String::from_redis_value(version).map_err(RedisError::from)?)?;
    Ok(role_of(&about))
}

/// Who doesn't say is taken at the word of whoever named it.
pub(super) fn role_of(about: &HashMap<String, Value>) -> Role {
    match about.get("role") {
        Some(Value::BulkString(role)) if role == b"replica" || role == b"slave" => Role::Replica,
        _ => Role::Primary,
    }
}

/// The role, where `HELLO` is unknown.
pub(super) async fn ask_role(connection: &mut MultiplexedConnection) -> Result<Role, RedisError> {
    match cmd("ROLE").query_async(connection).await? {
        Value::Array(about) if about.first() == Some(&Value::BulkString(b"slave".to_vec())) => {
            Ok(Role::Replica)
        }
        _ => Ok(Role::Primary),
    }
}

/// Where `HELLO` is unknown, `INFO` may answer the version; a proxy may well refuse that too, and
/// is trusted to have a server behind it that is new enough.
pub(super) async fn ask_version(connection: &mut MultiplexedConnection) -> Result<(), Refusal> {
    let answer = cmd("INFO").arg("server").query_async::<String>(connection).await;
    let info = match answer {
        Ok(info) => info,
        Err(error) if error.is_io_error() => return Err(Refusal::Failed(error)),
        Err(_) => return Ok(()),
    };
    version_of(&info).map_or(Ok(()), check)
}

fn version_of(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("redis_version:")).map(str::trim)
}

fn check(version: &str) -> Result<(), Refusal> {
    if parse_version(version).is_some_and(|version| version < OLDEST) {
        return Err(Refusal::TooOld(version.to_owned()));
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

    #[test]
    fn a_version_is_found_among_other_lines() {
        let info = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n";
        assert_eq!(version_of(info), Some("7.2.4"));
        assert_eq!(version_of("# Server\r\n"), None);
    }
}
