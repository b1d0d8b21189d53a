//! How long the local tier of one process serves what another has invalidated.
//!
//! The writer and the reader have a thread, a runtime and connections of their own each. The reader
//! looks without pause, so what is measured is the way of the news and no sleep.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use cache_runtime::{Cache, Key, Moka, Policy};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, PushInfo, PushKind, cmd};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;

use super::{LIMIT, micros, redis};
use crate::report::{Report, Row, Spread};
use crate::turns;

/// The name of the case that ours is held against.
pub const RAW: &str = "CLIENT TRACKING push, by hand";

const OURS: &str = "ours Cache::invalidate";

const CASES: [Case; 2] = [Case::Raw, Case::Ours];

const RAW_KEY: &str = "raw:key";

/// What the server tells of a change comes to stand in the local tier for so long, or it stays.
const SETTLED: Duration = Duration::from_micros(300);

const PATIENCE: Duration = Duration::from_secs(5);

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Clone, Copy)]
enum Case {
    Raw,
    Ours,
}

impl Case {
    fn name(self) -> &'static str {
        match self {
            Self::Raw => RAW,
            Self::Ours => OURS,
        }
    }
}

/// Lets both cases take turns. The first report counts from when the invalidating call returned,
/// the second from when it began.
pub fn measure(url: &str, rounds: usize) -> Result<[Report; 2], Failure> {
    let runtime = runtime()?;
    let (ask, asked) = unbounded_channel();
    let (tell, mut told) = unbounded_channel();
    let reader = {
        let url = url.to_owned();
        thread::spawn(move || runtime_of_reader(&url, asked, &tell))
    };
    let writer = runtime.block_on(Writer::connect(url))?;
    let mut failure: Option<Failure> = None;
    let mut since_start = vec![Vec::new(); CASES.len()];
    let since_return = turns::take(rounds, CASES.len(), |turn| {
        // After a failure the two are out of step.
        let [start, end] = if failure.is_some() {
            [f64::NAN; 2]
        } else {
            let round = runtime.block_on(writer.round(CASES[turn.case], &ask, &mut told));
            round.unwrap_or_else(|error| {
                failure = Some(error);
                [f64::NAN; 2]
            })
        };
        since_start[turn.case].push(start);
        end
    });
    drop(ask);
    let ended = reader.join().map_err(|_| "the reader panicked")?;
    match (failure, ended) {
        (None, ended) => ended?,
        (Some(failure), Ok(())) => return Err(failure),
        (Some(writer), Err(reader)) => return Err(format!("{writer}; {reader}").into()),
    }
    for samples in &mut since_start {
        samples.drain(..samples.len() - rounds);
    }
    Ok([
        // Where it is gone by then there is nothing to divide by.
        report("from the return of the invalidating call", since_return, Vec::new()),
        report("from its start", since_start, vec![RAW]),
    ])
}

fn report(since: &str, samples: Vec<Vec<f64>>, bases: Vec<&'static str>) -> Report {
    Report {
        title: format!("another process's local entry is served no more, {since}"),
        unit: "µs",
        spread: Spread::Tail,
        bases,
        rows: CASES
            .iter()
            .zip(samples)
            .map(|(case, samples)| Row { name: case.name(), samples, loads: 0 })
            .collect(),
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn cache(url: &str) -> Cache {
    // A machine that is busy with other things for a while is no outage.
    Cache::builder()
        .namespace("coherence")
        .local(Moka::new())
        .remote(redis(url))
        .remote_budget(PATIENCE)
        .build()
}

fn key() -> Key {
    Key::new("user").part(&42)
}

/// Who changes things.
struct Writer {
    cache: Cache,
    connection: MultiplexedConnection,
}

impl Writer {
    async fn connect(url: &str) -> Result<Self, Failure> {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let client = Client::open(url)?;
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Self { cache: cache(url), connection })
    }

    /// Microseconds from the start and from the end of one change until the reader had noticed.
    async fn round(
        &self,
        case: Case,
        ask: &UnboundedSender<Case>,
        told: &mut UnboundedReceiver<Instant>,
    ) -> Result<[f64; 2], Failure> {
        self.prepare(case).await?;
        ask.send(case)?;
        told.recv().await.ok_or("the reader left")?;
        let start = Instant::now();
        self.change(case).await?;
        let end = Instant::now();
        let noticed = told.recv().await.ok_or("the reader left")?;
        Ok([start, end].map(|since| micros(noticed.saturating_duration_since(since))))
    }

    async fn prepare(&self, case: Case) -> Result<(), Failure> {
        match case {
            Case::Raw => {
                self.connection.clone().set::<_, _, ()>(RAW_KEY, 1).await?;
            }
            Case::Ours => self.cache.put(&key(), 1_u64, &Policy::new()).await?,
        }
        Ok(())
    }

    async fn change(&self, case: Case) -> Result<(), Failure> {
        match case {
            Case::Raw => self.connection.clone().unlink::<_, ()>(RAW_KEY).await?,
            Case::Ours => self.cache.invalidate(&key()).await?,
        }
        Ok(())
    }
}

fn runtime_of_reader(
    url: &str,
    asked: UnboundedReceiver<Case>,
    tell: &UnboundedSender<Instant>,
) -> Result<(), Failure> {
    runtime()?.block_on(async { Reader::connect(url).await?.serve(asked, tell).await })
}

/// Who has a local copy.
struct Reader {
    cache: Cache,
    /// Whether the copy that is kept by hand still counts.
    raw: Arc<AtomicBool>,
    /// Keeps the connection on which the server tells changes.
    _connection: MultiplexedConnection,
}

impl Reader {
    async fn connect(url: &str) -> Result<Self, Failure> {
        let raw = Arc::new(AtomicBool::new(false));
        let connection = follow_by_hand(url, raw.clone()).await?;
        let cache = cache(url);
        while cache.stats().feed_armed == 0 {
            cache.get::<u64>(&key()).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { cache, raw, _connection: connection })
    }

    /// Says that it has a copy, and then when it noticed that it has none any more.
    async fn serve(
        &self,
        mut asked: UnboundedReceiver<Case>,
        tell: &UnboundedSender<Instant>,
    ) -> Result<(), Failure> {
        while let Some(case) = asked.recv().await {
            self.keep_copy(case).await?;
            tell.send(Instant::now())?;
            tell.send(self.until_gone(case).await?)?;
        }
        Ok(())
    }

    async fn keep_copy(&self, case: Case) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            match case {
                Case::Raw => self.raw.store(true, Ordering::Release),
                Case::Ours => drop(self.cache.get::<u64>(&key()).await?),
            }
            // What is still to be told of the change that made it is told meanwhile.
            let asked = Instant::now();
            while asked.elapsed() < SETTLED {
                yield_now().await;
            }
            if self.serves(case) {
                return Ok(());
            }
            if start.elapsed() > LIMIT {
                return Err(format!("{}: no copy stays", case.name()).into());
            }
        }
    }

    /// When the first look began that no longer found the copy.
    async fn until_gone(&self, case: Case) -> Result<Instant, Failure> {
        let start = Instant::now();
        loop {
            let now = Instant::now();
            if !self.serves(case) {
                return Ok(now);
            }
            if now - start > LIMIT {
                return Err(format!("{}: the change was never told", case.name()).into());
            }
            yield_now().await;
        }
    }

    fn serves(&self, case: Case) -> bool {
        match case {
            Case::Raw => self.raw.load(Ordering::Acquire),
            Case::Ours => {
                // What isn't there at once is not in the local tier.
                let key = key();
                let get = pin!(self.cache.get::<u64>(&key));
                let found = get.poll(&mut Context::from_waker(Waker::noop()));
                matches!(found, Poll::Ready(Ok(Some(_))))
            }
        }
    }
}

/// The least a cache by hand would do: one flag, lowered by the server's word.
async fn follow_by_hand(url: &str, raw: Arc<AtomicBool>) -> Result<MultiplexedConnection, Failure> {
    let pushed = move |push: PushInfo| {
        if push.kind == PushKind::Invalidate {
            raw.store(false, Ordering::Release);
        }
        Ok::<_, redis::aio::SendError>(())
    };
    let config = AsyncConnectionConfig::new().set_push_sender(pushed);
    let client = Client::open(format!("{url}?protocol=resp3"))?;
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut tracking = cmd("CLIENT");
    tracking.arg(&["TRACKING", "ON", "BCAST", "PREFIX", RAW_KEY]);
    tracking.exec_async(&mut connection).await?;
    Ok(connection)
}
