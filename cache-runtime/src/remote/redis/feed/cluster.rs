//! A cluster: each primary tells the changes of its own keys, on a connection of its own.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::gate::{Gate, Speaker};
use super::watch::Watch;
use super::{moved, not_connected, unavailable};
use crate::error::{Error, Result};
use crate::remote::feed::{Changes, Moment};
use crate::remote::redis::cluster::Cluster;
use crate::remote::redis::layout::Layout;
use crate::remote::redis::server::Server;

/// Armed once all primaries are followed; what breaks one of them, or makes another one, ends all.
pub(super) async fn follow(
    cluster: &Cluster,
    prefix: &str,
    changes: Changes,
) -> Result<Infallible> {
    let layout = cluster.layout().await.map_err(|refusal| not_connected(&refusal))?;
    let gate = Gate::new(changes.clone());
    let since = changes.now();
    let primaries =
        cluster.servers(layout.addresses()).map_err(|refusal| not_connected(&refusal))?;
    let watches = begin(primaries, prefix, &gate.speaker).await?;
    changes.armed(since);
    Err(until_one_ends(watches, &layout, &changes, &gate.speaker, since).await)
}

async fn begin(primaries: Vec<Server>, prefix: &str, speaker: &Speaker) -> Result<Vec<Watch>> {
    let mut beginning = JoinSet::new();
    for primary in primaries {
        let (prefix, speaker) = (prefix.to_owned(), speaker.clone());
        beginning.spawn(async move { Watch::begin(&primary, &prefix, &speaker).await });
    }
    let mut watches = Vec::with_capacity(beginning.len());
    while let Some(begun) = beginning.join_next().await {
        watches.push(begun.unwrap_or_else(|_| Err(ended()))?);
    }
    Ok(watches)
}

/// Each node is asked who the primaries are: the one that is behind need not be noticed by others.
async fn until_one_ends(
    watches: Vec<Watch>,
    layout: &Layout,
    changes: &Changes,
    speaker: &Speaker,
    since: Moment,
) -> Error {
    let signs = Arc::new(Signs::new(watches.len(), since));
    let mut following = JoinSet::new();
    for (at, watch) in watches.into_iter().enumerate() {
        let (changes, speaker) = (changes.clone(), speaker.clone());
        let (signs, layout) = (Arc::clone(&signs), layout.clone());
        following.spawn(async move {
            let alive = |since| signs.heard(at, since, &speaker);
            tokio::select! {
                () = watch.until_moved(layout) => moved(),
                lost = watch.until_lost(&changes, alive) => lost,
            }
        });
    }
    let ended_first = following.join_next().await;
    ended_first.and_then(Result::ok).unwrap_or_else(ended)
}

fn ended() -> Error {
    unavailable("a task that follows changes has ended")
}

/// The last sign of life of each primary.
struct Signs(Mutex<Vec<Moment>>);

impl Signs {
    fn new(primaries: usize, since: Moment) -> Self {
        Self(Mutex::new(vec![since; primaries]))
    }

    /// All are alive as of the oldest sign.
    fn heard(&self, at: usize, since: Moment, speaker: &Speaker) {
        let mut signs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        signs[at] = since;
        if let Some(oldest) = signs.iter().min() {
            speaker.tell(|changes| changes.alive(*oldest));
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::ChangeLog;

    #[test]
    fn all_are_as_alive_as_the_one_heard_of_longest_ago() {
        let log = ChangeLog::new("shop:");
        let changes = log.changes();
        let gate = Gate::new(changes.clone());
        let signs = Signs::new(2, changes.now());
        changes.armed(changes.now());
        log.outlive();
        signs.heard(0, changes.now(), &gate.speaker);
        assert!(!log.is_connected());
        signs.heard(1, changes.now(), &gate.speaker);
        assert!(log.is_connected());
    }
}
