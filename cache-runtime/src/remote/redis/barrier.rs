//! The steps on barriers, as scripts. Deadlines are by the server's clock: those of two processes
//! differ.
//!
//! A cell whose length no list of writers has is passed over as what it is: not to be filled.

use std::sync::LazyLock;

use super::script::{Script, overlap};

/// Puts a writer in. Answers -1 for a foreign cell.
pub(super) static ENTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local mark = redis.call('GETRANGE', KEYS[1], 0, 1)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline = now + ARGV[2]
local overlapped, others, last = '\\0', '', deadline
if mark == '\\193B' then
  local cell = redis.call('GET', KEYS[1])
  if #cell % 16 ~= 3 then return -1 end
  overlapped = string.sub(cell, 3, 3)
  for at = 4, #cell, 16 do
    local writer, ends = struct.unpack('>c8I8', cell, at)
    if writer ~= ARGV[1] then
      overlapped = '\\1'
      if ends > now then
        others = others .. string.sub(cell, at, at + 15)
        last = math.max(last, ends)
      end
    end
  end
elseif mark ~= '\\193V' and mark ~= '\\193L' then
  if mark ~= '' or redis.call('PTTL', KEYS[1]) ~= -2 then return -1 end
end
local cell = '\\193B' .. overlapped .. others .. ARGV[1] .. struct.pack('>I8', deadline)
redis.call('SET', KEYS[1], cell, 'PX', last - now)
return 1",
    )
});

/// Gives a writer that is in a new deadline. `PEXPIRE` comes before `SET`: once it has written, a
/// script is not refused for want of memory, and this one needs none.
pub(super) static STAY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GETRANGE', KEYS[1], 0, 1) ~= '\\193B' then return 0 end
local cell = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline = now + ARGV[2]
local found, last = nil, deadline
for at = 4, #cell - 15, 16 do
  local writer, ends = struct.unpack('>c8I8', cell, at)
  if writer == ARGV[1] then found = at else last = math.max(last, ends) end
end
if not found then return 0 end
cell = string.sub(cell, 1, found + 7) .. struct.pack('>I8', deadline) .. string.sub(cell, found + 16)
redis.call('PEXPIRE', KEYS[1], last - now)
redis.call('SET', KEYS[1], cell, 'KEEPTTL')
return 1",
    )
});

/// Takes a writer out, and removes the barrier with the last one, or whatever else of ours is
/// there. Answers -1 for a foreign cell, and 2 where a cell that was given has taken the barrier's
/// place.
pub(super) static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(overlap!(
        "local mark = redis.call('GETRANGE', KEYS[1], 0, 1)
if mark == '\\193V' or mark == '\\193L' then return redis.call('UNLINK', KEYS[1]) end
if mark ~= '\\193B' then
  if mark == '' and redis.call('PTTL', KEYS[1]) == -2 then return 0 end
  return -1
end
local cell = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, others, last = false, '', now
for at = 4, #cell - 15, 16 do
  local writer, ends = struct.unpack('>c8I8', cell, at)
  if writer == ARGV[1] then
    found = true
  elseif ends > now then
    others = others .. string.sub(cell, at, at + 15)
    last = math.max(last, ends)
  end
end
if not found then
  overlap(KEYS[1])
  return 0
end
if others == '' then
  if ARGV[2] and string.sub(cell, 3, 3) == '\\0' then
    local set = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    if not set.err then return 2 end
  end
  return redis.call('UNLINK', KEYS[1])
end
redis.call('PEXPIRE', KEYS[1], last - now)
redis.call('SET', KEYS[1], string.sub(cell, 1, 3) .. others, 'KEEPTTL')
return 1"
    ))
});
