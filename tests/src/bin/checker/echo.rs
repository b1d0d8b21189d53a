//! How late this process and its path to Redis are for reasons that are not the cache's.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::clock::{millis, nanos, now};

/// An answer that takes longer is a fault and not noise.
const LIMIT: Duration = Duration::from_millis(300);
const EVERY: Duration = Duration::from_millis(5);

/// The slowest echo of each short while; the ring spans more than a stale value can live.
const WHILE: u64 = millis(64);
const WHILES: u64 = 1024;

pub(crate) struct Echo {
    slowest: Vec<AtomicU64>,
    /// Since when one is waited for; 0 if none is.
    waiting: AtomicU64,
}

impl Echo {
    pub(crate) fn new() -> Self {
        let slowest = (0..WHILES).map(|_| AtomicU64::new(0)).collect();
        Self { slowest, waiting: AtomicU64::new(0) }
    }

    /// The slowest echo between two moments, in nanoseconds.
    pub(crate) fn slowest(&self, from: u64, to: u64) -> u64 {
        let (first, last) = ((from / WHILE).saturating_sub(1), to / WHILE + 1);
        let first = first.max(last.saturating_sub(WHILES - 1));
        let known = (first..=last).map(|number| {
            let (of, micros) = parts(self.at(number).load(SeqCst));
            if of == number & 0xFFFF_FFFF { micros * 1_000 } else { 0 }
        });
        let waiting = self.waiting.load(SeqCst);
        let so_far = if waiting == 0 { 0 } else { now().saturating_sub(waiting) };
        known.max().unwrap_or(0).max(so_far.min(nanos(LIMIT)))
    }

    fn at(&self, number: u64) -> &AtomicU64 {
        &self.slowest[usize::try_from(number % WHILES).unwrap()]
    }

    /// Notes that something that was due then is here now.
    pub(crate) fn note(&self, due: u64) {
        let end = now();
        let micros = (end.saturating_sub(due) / 1_000).min(0xFFFF_FFFF);
        for number in due / WHILE..=end / WHILE {
            let _ = self.at(number).fetch_update(SeqCst, SeqCst, |known| {
                let (of, before) = parts(known);
                let most = if of == number & 0xFFFF_FFFF { before.max(micros) } else { micros };
                Some(number << 32 | most)
            });
        }
    }

    /// Listens for echoes from `address`, for ever.
    pub(crate) async fn listen(&self, address: &str) {
        loop {
            let _ = self.listen_once(address).await;
            self.waiting.store(0, SeqCst);
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn listen_once(&self, address: &str) -> std::io::Result<()> {
        let mut path = timeout(LIMIT, TcpStream::connect(address)).await??;
        path.set_nodelay(true)?;
        let mut answer = [0; 7];
        loop {
            let due = now() + nanos(EVERY);
            sleep(EVERY).await;
            self.waiting.store(due, SeqCst);
            path.write_all(b"PING\r\n").await?;
            timeout(LIMIT, path.read_exact(&mut answer)).await??;
            self.note(due);
            self.waiting.store(0, SeqCst);
        }
    }
}

/// Which while it is of, and the microseconds.
fn parts(word: u64) -> (u64, u64) {
    (word >> 32, word & 0xFFFF_FFFF)
}
