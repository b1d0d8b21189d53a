//! The errors of the `redis` crate in the words of ours.

use redis::{RedisError, ServerErrorKind};

use crate::error::{Error, ErrorKind};

/// Whether the script is to be sent whole.
pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether the connection that failed this way should be replaced.
pub(super) fn needs_new_connection(error: &RedisError) -> bool {
    // After a failover the name leads to the new primary, the old connection to a replica.
    let demoted = error.kind() == redis::ErrorKind::Server(ServerErrorKind::ReadOnly);
    demoted || error.is_io_error() || error.is_unrecoverable_error()
}

/// Tells what a failure means to the cache.
pub(super) fn translate(error: RedisError) -> Error {
    let (kind, context) = match error.code() {
        Some("WRONGTYPE") => (ErrorKind::Foreign, "the key holds another type of data"),
        Some("OOM") => (ErrorKind::Full, "Redis is out of memory"),
        Some("NOPERM") => (ErrorKind::Unsupported, "the ACL of Redis forbids the command"),
        Some(_) => (ErrorKind::Unavailable, "Redis refused the command"),
        None => (ErrorKind::Unavailable, "Redis could not be asked"),
    };
    Error::new(kind, context).with_source(error)
}
