//! A journal in Redis: a hash of what waits, and of each function a sorted set of when it is due.
//!
//! All keys of a namespace's journal are in one slot of a cluster, since every step touches several.

mod script;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};

use self::script::{CLAIM, DEAD, FORGET, NOW, PUT, REVIVE, SETTLE};
use super::Redis;
use super::links::Links;
use super::script::{Call, Script};
use crate::clock::millis;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Claimed, DeadLetter, Ending, Journal, Put, Ready, Settled, Write};
use redis::{FromRedisValue, cmd};

/// Longer than anything waits, and still a number that scripts count exactly.
const LONGEST: u64 = 1 << 45;

pub(super) struct RedisJournal {
    redis: Redis,
    prefix: String,
}

impl RedisJournal {
    pub(super) fn new(links: Arc<Links>, prefix: &str) -> Self {
        // The braces say what decides the slot.
        Self { redis: Redis { links }, prefix: format!("{prefix}{{~journal}}:") }
    }

    fn name(&self, of: &str) -> Vec<u8> {
        [&self.prefix, of].concat().into_bytes()
    }

    /// Runs `script` on the keys of `function`: rows, what is due, the last sequence, the dead.
    async fn run<T: FromRedisValue>(
        &self,
        script: &'static Script,
        function: &str,
        arguments: &[&[u8]],
    ) -> Result<T> {
        let due = self.name(&["due:", function].concat());
        let dead = self.name(&["dead:", function].concat());
        let (rows, last) = (self.name("rows"), self.name("last"));
        let keys: [&[u8]; 4] = [&rows, &due, &last, &dead];
        self.redis.call(Call { script, keys: &keys, arguments }).await
    }
}

fn text(number: u64) -> String {
    number.min(1 << 53).to_string()
}

fn pause(time: Duration) -> String {
    millis(time).min(LONGEST).to_string()
}

fn damaged() -> Error {
    Error::new(ErrorKind::Codec, "what waits in the journal is damaged")
}

/// A row: sequence 8, attempts 4, whether it is claimed 1, length of the function's name 2, the
/// name, the payload.
struct Row {
    sequence: u64,
    attempts: u32,
    payload: Bytes,
}

impl Row {
    const HEAD: usize = 15;

    fn parse(mut row: Bytes) -> Result<Self> {
        if row.len() < Self::HEAD {
            return Err(damaged());
        }
        let (sequence, attempts) = (row.get_u64(), row.get_u32());
        row.advance(1);
        let name = usize::from(row.get_u16());
        if row.len() < name {
            return Err(damaged());
        }
        Ok(Self { sequence, attempts, payload: row.slice(name..) })
    }

    fn claimed(self, key: Vec<u8>) -> Result<Claimed> {
        let Self { sequence, attempts, payload } = self;
        let key = String::from_utf8(key).map_err(|error| damaged().with_source(error))?;
        Ok(Claimed { key, sequence, attempts, payload })
    }
}

impl Journal for RedisJournal {
    async fn now(&self) -> Result<u64> {
        self.run(&NOW, "", &[]).await
    }

    async fn put(&self, write: Write) -> Result<Put> {
        let Write { function, key, payload, due, room, until } = write;
        let (due, room, until) = (pause(due), text(room), text(until));
        let arguments: [&[u8]; 6] = [
            key.as_bytes(),
            function.as_bytes(),
            &payload,
            due.as_bytes(),
            room.as_bytes(),
            until.as_bytes(),
        ];
        let (answer, sequence, waiting) = self.run(&PUT, &function, &arguments).await?;
        Ok(match answer {
            1_i64 => Put::Taken { sequence, waiting },
            0 => Put::Refused { sequence },
            _ => Put::Late,
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let mut command = cmd("HGET");
        command.arg(self.name("rows")).arg(key);
        let row: Option<Vec<u8>> = self.redis.query(&command).await?;
        row.map(|row| Row::parse(row.into()).map(|row| row.payload)).transpose()
    }

    async fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        let ready = match ready {
            Ready::Due => "0",
            Ready::Fresh => "1",
            Ready::All => "2",
        };
        let (most, hold) = (most.to_string(), pause(hold));
        let arguments: [&[u8]; 3] = [most.as_bytes(), hold.as_bytes(), ready.as_bytes()];
        let claimed: Vec<(Vec<u8>, Vec<u8>)> = self.run(&CLAIM, function, &arguments).await?;
        claimed.into_iter().map(|(key, row)| Row::parse(row.into())?.claimed(key)).collect()
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        let mut arguments: Vec<Vec<u8>> = Vec::with_capacity(settled.len() * 5);
        for Settled { key, sequence, attempts, ending } in settled {
            let (what, more) = match ending {
                Ending::Written => ("w", Vec::new()),
                Ending::Again(time) => ("a", pause(time).into_bytes()),
                Ending::Dead(reason) => ("d", reason.into_bytes()),
            };
            arguments.extend([
                key.into_bytes(),
                text(sequence).into_bytes(),
                what.as_bytes().to_vec(),
                more,
                attempts.to_string().into_bytes(),
            ]);
        }
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        self.run::<i64>(&SETTLE, function, &arguments).await.map(drop)
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        let before = text(before);
        let arguments: [&[u8]; 3] = [key.as_bytes(), function.as_bytes(), before.as_bytes()];
        self.run::<i64>(&FORGET, function, &arguments).await.map(drop)
    }

    async fn waiting(&self, function: &str) -> Result<u64> {
        let mut command = cmd("ZCARD");
        command.arg(self.name(&["due:", function].concat()));
        self.redis.query(&command).await
    }

    async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        let dead: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = self.run(&DEAD, function, &[]).await?;
        let letters = dead.into_iter().map(|(key, row, reason)| {
            let write = Row::parse(row.into())?.claimed(key)?;
            let reason = String::from_utf8_lossy(&reason).into_owned();
            Ok(DeadLetter { write, reason })
        });
        letters.collect()
    }

    async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        let again = if again { "1" } else { "0" };
        let arguments: [&[u8]; 2] = [key.as_bytes(), again.as_bytes()];
        Ok(self.run::<i64>(&REVIVE, function, &arguments).await? == 1)
    }
}
