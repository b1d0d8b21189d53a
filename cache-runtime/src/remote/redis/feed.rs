//! The change feed: a connection of its own on which the server tells which keys have changed.
//!
//! `CLIENT TRACKING ON BCAST PREFIX …` (<https://redis.io/docs/latest/develop/reference/client-side-caching/>).
//! The server tells the changes of one round of its loop before it answers what arrives in the
//! next, so whatever was changed before a question was sent has been told when the answer is here.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, RedisError, Value, cmd};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::error::{needs_new_connection, translate};
use super::server::{CONNECT_TIMEOUT, Refusal, Server};
use crate::error::{Error, ErrorKind, Result};
use crate::remote::feed::{Changes, Moment};

/// With a timeout and one more attempt a silent path is noticed within 0.85 s.
const PING_EVERY: Duration = Duration::from_millis(250);
const PING_TIMEOUT: Duration = Duration::from_millis(300);
const MISSES: u32 = 2;

/// Tells `changes` of all keys under `prefix` until the server is lost.
pub(super) async fn follow(server: &Server, prefix: &str, changes: Changes) -> Result<Infallible> {
    let gate = Gate::new(changes.clone());
    let since = changes.now();
    let watch = Watch::begin(server, prefix, &gate.speaker).await?;
    changes.armed(since);
    let lost = watch.until_lost(&changes, |since| changes.alive(since)).await;
    Err(lost)
}

/// What may still be told: everything until it is dropped, and nothing from then on.
///
/// A connection's task may outlive the future that made it by a moment, on another thread.
pub(super) struct Gate {
    speaker: Speaker,
}

#[derive(Clone)]
struct Speaker {
    changes: Arc<Mutex<Option<Changes>>>,
}

impl Gate {
    fn new(changes: Changes) -> Self {
        Self { speaker: Speaker { changes: Arc::new(Mutex::new(Some(changes))) } }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.speaker.with(|changes| *changes = None);
    }
}

impl Speaker {
    /// Tells under the lock: who closes the gate waits for what is being told.
    fn tell(&self, push: &PushInfo) {
        self.with(|changes| {
            if let Some(changes) = changes {
                tell(changes, &push.data);
            }
        });
    }

    fn with(&self, act: impl FnOnce(&mut Option<Changes>)) {
        act(&mut self.changes.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A list of keys, or nil for all of them; what is neither might be anything.
fn tell(changes: &Changes, invalidated: &[Value]) {
    let [Value::Array(keys)] = invalidated else {
        return changes.all_changed();
    };
    for key in keys {
        match key {
            Value::BulkString(key) => changes.changed(key),
            _ => changes.all_changed(),
        }
    }
}

/// A connection on which the server tells changes.
struct Watch {
    connection: MultiplexedConnection,
    lost: Arc<Notify>,
}

impl Watch {
    /// Connects, and returns when the server has agreed to tell.
    async fn begin(server: &Server, prefix: &str, speaker: &Speaker) -> Result<Self> {
        let lost = Arc::new(Notify::new());
        let pushed = {
            let (speaker, lost) = (speaker.clone(), Arc::clone(&lost));
            move |push: PushInfo| match push.kind {
                PushKind::Invalidate => speaker.tell(&push),
                PushKind::Disconnection => lost.notify_one(),
                _ => {}
            }
        };
        let mut connection =
            server.listen(pushed).await.map_err(|refusal| not_connected(&refusal))?;
        let mut tracking = cmd("CLIENT");
        tracking.arg(&["TRACKING", "ON", "BCAST", "PREFIX", prefix]);
        let answer = timeout(CONNECT_TIMEOUT, tracking.exec_async(&mut connection)).await;
        answer.map_err(|_| silent())?.map_err(not_tracked)?;
        Ok(Self { connection, lost })
    }

    /// Says `alive` with each answer, and returns the error that ended it.
    async fn until_lost(mut self, changes: &Changes, alive: impl Fn(Moment)) -> Error {
        let lost = Arc::clone(&self.lost);
        tokio::select! {
            () = lost.notified() => unavailable("the connection that tells of changes was lost"),
            silence = self.ask(changes, alive) => silence,
        }
    }

    async fn ask(&mut self, changes: &Changes, alive: impl Fn(Moment)) -> Error {
        let mut missed = 0;
        while missed < MISSES {
            if missed == 0 {
                sleep(PING_EVERY).await;
            }
            let since = changes.now();
            let ping = cmd("PING");
            match timeout(PING_TIMEOUT, ping.exec_async(&mut self.connection)).await {
                Ok(Err(error)) if needs_new_connection(&error) => return translate(error),
                // A refusal comes in order too.
                Ok(_) => {
                    alive(since);
                    missed = 0;
                }
                Err(_) => missed += 1,
            }
        }
        silent()
    }
}

fn not_connected(refusal: &Refusal) -> Error {
    let kind = match refusal {
        Refusal::OnlyResp2(_) => ErrorKind::Unsupported,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("changes can't be followed: {refusal}"))
}

/// The server loads, or the connection broke: that passes. Else it won't have it.
fn not_tracked(error: RedisError) -> Error {
    if !matches!(error.code(), Some("ERR" | "NOPERM")) {
        return translate(error);
    }
    let hint = "changes can't be followed: the server, or a proxy before it, refused `CLIENT \
        TRACKING` (an ACL has to allow `+client|tracking`)";
    Error::new(ErrorKind::Unsupported, hint).with_source(error)
}

fn silent() -> Error {
    unavailable("the server that tells of changes does not answer")
}

fn unavailable(reason: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, reason)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::ChangeLog;

    fn invalidate(data: Vec<Value>) -> PushInfo {
        PushInfo { kind: PushKind::Invalidate, data }
    }

    #[test]
    fn a_closed_gate_lets_nothing_through() {
        let log = ChangeLog::new("shop:");
        let gate = Gate::new(log.changes());
        let speaker = gate.speaker.clone();
        let keys = vec![Value::Array(vec![Value::BulkString(b"shop:k".to_vec())])];
        speaker.tell(&invalidate(keys.clone()));
        assert_eq!(log.take(), ["k"]);
        drop(gate);
        speaker.tell(&invalidate(keys));
        speaker.tell(&invalidate(vec![Value::Nil]));
        assert_eq!((log.take().len(), log.all_changed()), (0, 0));
    }

    #[test]
    fn what_is_no_list_of_keys_may_be_any_change() {
        for data in [vec![], vec![Value::Nil], vec![Value::Array(vec![Value::Int(1)])]] {
            let log = ChangeLog::new("shop:");
            tell(&log.changes(), &data);
            assert_eq!((log.take().len(), log.all_changed()), (0, 1));
        }
    }
}
