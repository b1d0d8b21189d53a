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

/// Notes in a barrier that something has overlapped, which is a change to be told, too. `PEXPIRE`
/// comes before `SET`: once it has written, a script is not refused for want of memory, and this one
/// needs none.
macro_rules! overlap {
    ($script:literal) => {
        concat!(
            "local function overlap(key)
  redis.call('PEXPIRE', key, redis.call('PTTL', key))
  local cell = redis.call('GET', key)
  if #cell % 16 == 3 then
    redis.call('SET', key, '\\193B\\1' .. string.sub(cell, 4), 'KEEPTTL')
  end
end
",
            $script
        )
    };
}
pub(super) use overlap;

/// Removes a value or a lease, passes a barrier over, and answers -1 for anything else. 193 is
/// 0xC1. Of an empty string and no string `PTTL` knows which.
pub(super) static INVALIDATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(overlap!(
        "local mark = redis.call('GETRANGE', KEYS[1], 0, 1)
if mark == '\\193V' or mark == '\\193L' then return redis.call('UNLINK', KEYS[1]) end
if mark == '\\193B' then
  overlap(KEYS[1])
  return 0
end
if mark == '' and redis.call('PTTL', KEYS[1]) == -2 then return 0 end
return -1"
    ))
});

/// Does the same to many keys, whatever type of data stands under them.
pub(super) static INVALIDATE_ALL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(overlap!(
        "for _, key in ipairs(KEYS) do
  local mark = redis.pcall('GETRANGE', key, 0, 1)
  if mark == '\\193V' or mark == '\\193L' then redis.call('UNLINK', key) end
  if mark == '\\193B' then overlap(key) end
end
return 1"
    ))
});

/// A script and the hash the server knows it by once it has run.
pub(super) struct Script {
    text: &'static str,
    hash: String,
}

/// What a script is run with.
pub(super) struct Call<'a> {
    pub(super) script: &'static Script,
    pub(super) keys: &'a [&'a [u8]],
    pub(super) arguments: &'a [&'a [u8]],
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        let hash = redis::Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }
}

impl Call<'_> {
    pub(super) fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", &self.script.hash)
    }

    pub(super) fn by_text(&self) -> Cmd {
        self.command("EVAL", self.script.text)
    }

    fn command(&self, how: &str, script: &str) -> Cmd {
        let mut command = cmd(how);
        command.arg(script).arg(self.keys.len());
        for argument in self.keys.iter().chain(self.arguments) {
            command.arg(*argument);
        }
        command
    }
}
