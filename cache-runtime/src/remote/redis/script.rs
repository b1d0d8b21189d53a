//! The steps that no single command of the server makes, as scripts, which it runs atomically.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

/// Replaces the cell if it starts with the expected bytes. `GETRANGE` spares a copy of large
/// values, and fails on other types of data.
pub(super) static REPLACE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1",
    )
});

/// Sets the ttl of the cell if it is the expected one: a longer cell has one byte more.
pub(super) static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// Removes the cell if it is the expected one.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1]) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])",
    )
});

/// Removes a value or a lease, passes a barrier over, and answers -1 for anything else. 193 is
/// 0xC1. Of an empty string and no string `PTTL` knows which.
pub(super) static INVALIDATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local mark = redis.call('GETRANGE', KEYS[1], 0, 1)
if mark == '\\193V' or mark == '\\193L' then return redis.call('UNLINK', KEYS[1]) end
if mark == '\\193B' then return 0 end
if mark == '' and redis.call('PTTL', KEYS[1]) == -2 then return 0 end
return -1",
    )
});

/// A script and the hash the server knows it by once it has run.
pub(super) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        let hash = redis::Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }

    pub(super) fn by_hash(&self, key: &str, arguments: &[&[u8]]) -> Cmd {
        invocation("EVALSHA", &self.hash, key, arguments)
    }

    pub(super) fn by_text(&self, key: &str, arguments: &[&[u8]]) -> Cmd {
        invocation("EVAL", self.text, key, arguments)
    }
}

fn invocation(how: &str, script: &str, key: &str, arguments: &[&[u8]]) -> Cmd {
    let mut command = cmd(how);
    command.arg(script).arg(1).arg(key);
    for argument in arguments {
        command.arg(*argument);
    }
    command
}
