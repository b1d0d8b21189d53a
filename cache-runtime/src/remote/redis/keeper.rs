//! The keeper of a connection: one task a runtime that connects, watches, and connects again.

use std::borrow::Cow;
use std::future::pending;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use redis::{RedisError, cmd};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::error::{needs_new_connection, translate};
use super::place::{Origin, Place};
use super::refusal::Refusal;
use super::wire::Wire;
use crate::error::{Error, ErrorKind, Result};
use crate::remote::random::jittered;

const PING_EVERY: Duration = Duration::from_millis(500);

/// A missed answer is asked for once more at once: a silent path is noticed within 1.1 s.
const PING_TIMEOUT: Duration = Duration::from_millis(300);
const MISSES: u32 = 2;

/// Back in two seconds means: pause, one attempt that may be swallowed, pause, one that isn't.
const MIN_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(400);
const PAUSE_WHEN_TOO_OLD: Duration = Duration::from_secs(10);

/// A connection that was up for less is followed by the next longer pause, not the shortest.
const STEADY: Duration = Duration::from_secs(1);

/// The connection that one runtime has to the server, or why it has none.
pub(super) struct Link {
    state: watch::Sender<State>,
    keeper: OnceLock<AbortHandle>,
}

enum State {
    /// The first attempt is still under way: callers wait for it.
    Connecting,
    Up(Arc<Connection>),
    Down(Cow<'static, str>),
}

pub(super) struct Connection {
    pub(super) redis: Wire,
    origin: Origin,
    link: Weak<Link>,
    /// Tells this connection from those before and after it.
    number: u64,
}

impl Link {
    pub(super) fn new() -> Self {
        Self { state: watch::Sender::new(State::Connecting), keeper: OnceLock::new() }
    }

    pub(super) fn kept_by(&self, keeper: AbortHandle) {
        // Set once, by who made the link.
        let _ = self.keeper.set(keeper);
    }

    /// Ends the keeper and with it the connection.
    pub(super) fn end(&self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
        self.state.send_replace(down("the connection has ended"));
    }

    /// The connection, or why there is none; `None` where it is still to be made.
    pub(super) fn known(&self) -> Option<Result<Arc<Connection>>> {
        self.state.borrow().known()
    }

    /// The connection, once the first attempt to make it has ended.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>> {
        let mut changes = self.state.subscribe();
        let settled = changes.wait_for(|state| state.known().is_some()).await;
        let known = settled.ok().and_then(|state| state.known());
        known.unwrap_or_else(|| Err(unavailable("the connection has ended")))
    }

    /// Gives a connection up, unless another one has taken its place.
    fn lost(&self, number: u64) {
        self.state.send_if_modified(|state| {
            let current = state.is_up(number);
            if current {
                *state = down("the connection to Redis was lost");
            }
            current
        });
    }

    /// Notes that an attempt failed; answers whether that is news.
    fn refused(&self, refusal: &Refusal) -> bool {
        let mut is_news = false;
        self.state.send_if_modified(|state| {
            let serves = matches!(state, State::Up(_));
            is_news = matches!(state, State::Connecting);
            if !serves {
                *state = down(refusal.to_string());
            }
            !serves
        });
        is_news
    }
}

impl Connection {
    /// What the place led to when this was made.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Notes that a command has failed, and answers what that means to the cache.
    #[cold]
    pub(super) fn failed(&self, error: RedisError) -> Error {
        if needs_new_connection(&error) {
            self.moved();
        }
        translate(error)
    }

    /// Notes that this is not where the place leads any more. A cluster's connection serves what is
    /// still where it was, until there is a new one.
    pub(super) fn moved(&self) {
        if !self.mends_itself()
            && let Some(link) = self.link.upgrade()
        {
            link.lost(self.number);
        }
    }

    /// Whether what fails is one of many nodes, which is replaced without the others.
    fn mends_itself(&self) -> bool {
        matches!(self.redis, Wire::Cluster(_))
    }
}

impl State {
    fn known(&self) -> Option<Result<Arc<Connection>>> {
        match self {
            Self::Connecting => None,
            Self::Up(connection) => Some(Ok(connection.clone())),
            Self::Down(reason) => Some(Err(unavailable(reason.clone()))),
        }
    }

    fn is_up(&self, number: u64) -> bool {
        matches!(self, Self::Up(connection) if connection.number == number)
    }
}

fn down(reason: impl Into<Cow<'static, str>>) -> State {
    State::Down(reason.into())
}

pub(super) fn unavailable(reason: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Unavailable, reason)
}

/// Connects, again and again, until the task is aborted or its runtime ends.
pub(super) async fn keep(link: &Arc<Link>, place: &Place) {
    let mut pause = MIN_PAUSE;
    for number in 0.. {
        let lost = {
            let link = Arc::downgrade(link);
            move || {
                if let Some(link) = link.upgrade() {
                    link.lost(number);
                }
            }
        };
        match place.connect(lost).await {
            Ok((origin, redis)) => {
                let since = Instant::now();
                let connection =
                    Arc::new(Connection { redis, origin, link: Arc::downgrade(link), number });
                tokio::select! {
                    () = serve(link, place, &connection) => {
                        tracing::warn!(server = %place, "lost the connection to Redis");
                    }
                    () = place.moved_from(&connection.origin) => {
                        tracing::info!(server = %place, "the primary is elsewhere");
                        connection.moved();
                    }
                }
                if since.elapsed() >= STEADY {
                    pause = MIN_PAUSE;
                }
            }
            Err(refusal) => {
                if link.refused(&refusal) {
                    tracing::warn!(server = %place, "{refusal}");
                } else {
                    tracing::debug!(server = %place, "{refusal}");
                }
                if matches!(refusal, Refusal::TooOld(_)) {
                    sleep(PAUSE_WHEN_TOO_OLD).await;
                }
            }
        }
        sleep(jittered(pause)).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// Hands the connection out until it is lost.
async fn serve(link: &Link, place: &Place, connection: &Arc<Connection>) {
    let number = connection.number;
    let mut changes = link.state.subscribe();
    link.state.send_replace(State::Up(connection.clone()));
    tracing::info!(server = %place, "connected to Redis");
    tokio::select! {
        _ = changes.wait_for(|state| !state.is_up(number)) => {}
        () = silence(connection.redis.clone()) => link.lost(number),
    }
}

/// Ends when the server doesn't answer any more. Of a cluster's nodes each may fall silent without
/// the others, and is replaced by the cluster.
async fn silence(connection: Wire) {
    let Wire::One(mut connection) = connection else {
        return pending().await;
    };
    let mut missed = 0;
    while missed < MISSES {
        if missed == 0 {
            sleep(PING_EVERY).await;
        }
        let ping = cmd("PING");
        let answer = timeout(PING_TIMEOUT, ping.query_async::<()>(&mut connection)).await;
        match answer {
            Ok(Err(error)) if needs_new_connection(&error) => return,
            // A refusal is a sign of life too.
            Ok(_) => missed = 0,
            Err(_) => missed += 1,
        }
    }
}
