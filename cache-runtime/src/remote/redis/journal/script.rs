//! The steps of a journal, as scripts. Their keys: rows, what is due, the last sequence, the dead.
//!
//! Times are the server's. Sequences are microseconds, which scripts count exactly until 2255.

use std::sync::LazyLock;

use super::super::script::Script;

/// What each of them begins with: the time in microseconds and milliseconds, and how a row is read
/// and written.
macro_rules! journal {
    ($script:literal) => {
        LazyLock::new(|| {
            Script::new(concat!(
                "local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local rows, due, last, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function open(row)
  local sequence, attempts, claimed, length = struct.unpack('>I8I4I1I2', row)
  return {
    sequence = sequence, attempts = attempts, claimed = claimed,
    name = string.sub(row, 16, 15 + length), payload = string.sub(row, 16 + length),
  }
end
local function sealed(row)
  return struct.pack('>I8I4I1I2', row.sequence, row.attempts, row.claimed, #row.name)
    .. row.name .. row.payload
end
",
                $script
            ))
        })
    };
}

pub(super) static NOW: LazyLock<Script> = journal!(
    "return string.format('%.0f', math.max(micros, tonumber(redis.call('GET', last) or 0)))"
);

/// Answers 1 if it took the write, 0 if not, -1 if that came too late.
pub(super) static PUT: LazyLock<Script> = journal!(
    "local key, name, payload = ARGV[1], ARGV[2], ARGV[3]
if micros > tonumber(ARGV[6]) then return {-1, '0', '0'} end
local sequence = math.max(micros, tonumber(redis.call('GET', last) or 0) + 1)
local written = string.format('%.0f', sequence)
redis.call('SET', last, written)
local old = redis.call('HGET', rows, key)
local row = {sequence = sequence, attempts = 0, claimed = 0, name = name, payload = payload}
if old then
  old = open(old)
  if old.name ~= name then return {0, written, '0'} end
  row.claimed = old.claimed
else
  if redis.call('ZCARD', due) >= tonumber(ARGV[5]) then return {0, written, '0'} end
  redis.call('ZADD', due, now + ARGV[4], key)
end
redis.call('HSET', rows, key, sealed(row))
return {1, written, redis.call('ZCARD', due)}"
);

/// Those that are due first, then those that may be had before, however many there are that may not: no more
/// than may wait. A damaged row is passed over, and looked at again in an hour: the others are not to wait
/// for whoever mends it.
///
/// Of a server that is full, what waits is made all the same, or it would stay full: once it has
/// written, a script is not refused for want of memory, and a `ZREM` of what is no key needs none.
pub(super) static CLAIM: LazyLock<Script> = journal!(
    "redis.call('ZREM', due, string.rep('-', 999))
local most, hold, ready = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local claimed = {}
local function claim(key, is_due)
  local row = redis.call('HGET', rows, key)
  if not row then return redis.call('ZREM', due, key) end
  local is_sound
  is_sound, row = pcall(open, row)
  if not is_sound then return redis.call('ZADD', due, now + 3600000, key) end
  if not is_due and (row.claimed == 1 or (ready == 1 and row.attempts > 0)) then return end
  row.claimed = 1
  row.attempts = row.attempts + 1
  row = sealed(row)
  redis.call('HSET', rows, key, row)
  redis.call('ZADD', due, now + hold, key)
  claimed[#claimed + 1] = {key, row}
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, most)) do
  claim(key, true)
end
local from, page = 0, math.max(most, 100)
while ready > 0 and #claimed < most do
  local keys = redis.call('ZRANGEBYSCORE', due, '(' .. now, '+inf', 'LIMIT', from, page)
  if #keys == 0 then break end
  local before = #claimed
  for _, key in ipairs(keys) do
    if #claimed < most then claim(key, false) end
  end
  from = from + #keys - (#claimed - before)
end
return claimed"
);

/// As with claims, not refused for want of memory.
pub(super) static SETTLE: LazyLock<Script> = journal!(
    "redis.call('ZREM', due, string.rep('-', 999))
for at = 1, #ARGV, 5 do
  local key, sequence, ending, more = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2], ARGV[at + 3]
  local row = redis.call('HGET', rows, key)
  row = row and redis.call('ZSCORE', due, key) and open(row)
  local is_others = row and row.sequence == sequence and row.attempts ~= tonumber(ARGV[at + 4])
  if row and (ending == 'w' or not is_others) then
    row.claimed = 0
    if row.sequence ~= sequence then
      redis.call('HSET', rows, key, sealed(row))
      redis.call('ZADD', due, now, key)
    elseif ending == 'a' then
      redis.call('HSET', rows, key, sealed(row))
      redis.call('ZADD', due, now + more, key)
    else
      redis.call('HDEL', rows, key)
      redis.call('ZREM', due, key)
      if ending == 'd' then
        redis.call('HSET', dead, key, struct.pack('>I4', #more) .. more .. sealed(row))
      end
    end
  end
end
return 1"
);

/// What is damaged is older than what was written in its place.
pub(super) static FORGET: LazyLock<Script> = journal!(
    "local row = redis.call('HGET', rows, ARGV[1])
if not row then return 0 end
local is_sound
is_sound, row = pcall(open, row)
if is_sound and (row.name ~= ARGV[2] or row.sequence >= tonumber(ARGV[3])) then return 0 end
redis.call('HDEL', rows, ARGV[1])
redis.call('ZREM', due, ARGV[1])
return 1"
);

pub(super) static DEAD: LazyLock<Script> = journal!(
    "local letters = {}
local found = redis.call('HGETALL', dead)
for at = 1, #found, 2 do
  local length = struct.unpack('>I4', found[at + 1])
  local reason = string.sub(found[at + 1], 5, 4 + length)
  letters[#letters + 1] = {found[at], string.sub(found[at + 1], 5 + length), reason}
end
return letters"
);

pub(super) static REVIVE: LazyLock<Script> = journal!(
    "local letter = redis.call('HGET', dead, ARGV[1])
if not letter then return 0 end
redis.call('HDEL', dead, ARGV[1])
if ARGV[2] == '1' and redis.call('HEXISTS', rows, ARGV[1]) == 0 then
  local length = struct.unpack('>I4', letter)
  local row = open(string.sub(letter, 5 + length))
  row.attempts, row.claimed = 0, 0
  redis.call('HSET', rows, ARGV[1], sealed(row))
  redis.call('ZADD', due, now, ARGV[1])
end
return 1"
);
