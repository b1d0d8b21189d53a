//! How the time of a warm hit in Redis is taken.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::contender::Contender;

/// Reads one id after another; microseconds a call.
pub async fn in_sequence(peer: &Contender, ids: &[u64]) -> f64 {
    let start = Instant::now();
    read(peer, ids).await;
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    let calls = ids.len() as f64;
    start.elapsed().as_secs_f64() * 1e6 / calls
}

/// Lets `tasks` tasks read at once; thousands of calls a second.
pub async fn in_flight(peer: &Contender, ids: &[u64], tasks: usize) -> f64 {
    let shares: Vec<Vec<u64>> = ids.chunks(ids.len() / tasks).map(<[u64]>::to_vec).collect();
    let start = Instant::now();
    let mut crew = JoinSet::new();
    for share in shares {
        let peer = *peer;
        crew.spawn(async move { read(&peer, &share).await });
    }
    crew.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    let calls = ids.len() as f64;
    calls / start.elapsed().as_secs_f64() / 1e3
}

/// Reads one id after another.
///
/// # Panics
///
/// When a read gives nothing, or another user: its time would mean nothing.
pub async fn read(peer: &Contender, ids: &[u64]) {
    for &id in ids {
        assert!(peer.ask(id).await, "{} gave no user {id}", peer.name);
    }
}
