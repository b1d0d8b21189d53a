//! One server that tells its changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, RedisError, Value, cmd};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::gate::Speaker;
use super::{not_connected, unavailable};
use crate::error::{Error, ErrorKind, Result};
use crate::remote::feed::{Changes, Moment};
use crate::remote::redis::error::{needs_new_connection, translate};
use crate::remote::redis::handshake::{Role, role_of};
use crate::remote::redis::layout::Layout;
use crate::remote::redis::server::{CONNECT_TIMEOUT, Server};

/// With a timeout and one more attempt a silent path is noticed within 0.85 s.
const PING_EVERY: Duration = Duration::from_millis(250);
const PING_TIMEOUT: Duration = Duration::from_millis(300);
const MISSES: u32 = 2;

/// How often a node is asked who else is a primary.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A connection on which the server tells changes.
pub(super) struct Watch {
    connection: MultiplexedConnection,
    lost: Arc<Notify>,
    server: Server,
}

impl Watch {
    /// Connects, and returns when the server has agreed to tell.
    pub(super) async fn begin(server: &Server, prefix: &str, speaker: &Speaker) -> Result<Self> {
        let lost = Arc::new(Notify::new());
        let pushed = {
            let (speaker, lost) = (speaker.clone(), Arc::clone(&lost));
            move |push: PushInfo| match push.kind {
                PushKind::Invalidate => speaker.invalidated(&push),
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
        Ok(Self { connection, lost, server: server.clone() })
    }

    /// Says `alive` with each answer, and returns the error that ended it.
    pub(super) async fn until_lost(mut self, changes: &Changes, alive: impl Fn(Moment)) -> Error {
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
            // It answers the role, and is always allowed.
            let hello = cmd("HELLO");
            let answer = hello.query_async::<HashMap<String, Value>>(&mut self.connection);
            match timeout(PING_TIMEOUT, answer).await {
                Ok(Err(error)) if needs_new_connection(&error) => return translate(error),
                Ok(Ok(about)) if role_of(&about) == Role::Replica => return demoted(),
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

    /// Ends when the node names a primary that is not in `layout`. One that is none any more is lost,
    /// or says so itself; a node that has yet to hear of one is no reason.
    pub(super) fn until_moved(&self, layout: Layout) -> impl Future<Output = ()> + Send + 'static {
        let (mut connection, server) = (self.connection.clone(), self.server.clone());
        async move {
            loop {
                let question = Layout::seen_by(&server, &mut connection);
                let answer = timeout(PING_TIMEOUT, question).await;
                if answer.is_ok_and(|seen| seen.is_ok_and(|seen| !layout.covers(&seen))) {
                    return;
                }
                sleep(LOOK_EVERY).await;
            }
        }
    }
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

/// A replica tells what its primary has done, but late.
fn demoted() -> Error {
    unavailable("the server that tells of changes is a replica")
}

fn silent() -> Error {
    unavailable("the server that tells of changes does not answer")
}
