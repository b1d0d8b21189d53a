use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::error::Result;
use crate::remote::RemoteBackend;
use crate::remote::cell::new_lease;
use crate::testing::ChangeLog;

const TTL: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(40);

/// Longer than anything here takes where it works.
const LIMIT: Duration = Duration::from_secs(5);

/// Checks what [`RemoteBackend::follow`] promises, of a backend that follows changes.
///
/// `make` opens the same store each time it is called: one handle follows, another one changes. The
/// store goes by real time; it is left with a few short-lived keys under `conformance`. Takes about
/// two seconds.
///
/// # Panics
///
/// Where the backend breaks the contract.
pub async fn feed<R: RemoteBackend>(make: impl Fn() -> R) {
    let prefix = format!("conformance-{:016x}:", crate::remote::random::random());
    let subject = Subject::new(&prefix, make(), make());
    subject.follows().await;
    tells_every_kind_of_change(&subject).await;
    tells_expiry(&subject).await;
    tells_its_own_changes(&subject).await;
    tells_nothing_of_other_prefixes(&subject).await;
    is_alive_once_all_was_told(&subject).await;
    tells_nothing_after_the_end(subject, Subject::new(&prefix, make(), make())).await;
}

/// A backend that follows a prefix of its own, and another one that changes what is under it.
struct Subject<R> {
    follower: Arc<R>,
    writer: R,
    prefix: String,
    log: ChangeLog,
    following: JoinHandle<()>,
}

impl<R: RemoteBackend> Subject<R> {
    fn new(prefix: &str, follower: R, writer: R) -> Self {
        let (prefix, log) = (prefix.to_owned(), ChangeLog::new(prefix));
        let follower = Arc::new(follower);
        let following = tokio::spawn({
            let (follower, prefix, changes) =
                (Arc::clone(&follower), prefix.clone(), log.changes());
            async move {
                let Err(error) = follower.follow(&prefix, changes).await;
                panic!("`follow` ended: {error:?}");
            }
        });
        Self { follower, writer, prefix, log, following }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn follows(&self) {
        let connected = || self.log.is_connected();
        until("it says `armed` and is alive", || connected() || self.following.is_finished()).await;
        assert!(connected(), "`follow` goes on");
    }

    /// Waits until `name` has been told, and forgets what was.
    async fn is_told(&self, name: &str, what: &str) {
        until(what, || self.log.contains(name)).await;
        self.log.take();
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LIMIT, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn done<T>(answer: Result<T>) -> T {
    answer.unwrap_or_else(|error| panic!("a change failed: {error:?}"))
}

async fn tells_every_kind_of_change<R: RemoteBackend>(subject: &Subject<R>) {
    let (writer, name, key) = (&subject.writer, "changes", subject.key("changes"));
    let (lease, other) = (new_lease(), new_lease());
    done(writer.get_or_set(&key, lease.clone(), TTL).await);
    subject.is_told(name, "a cell that is set is told").await;
    assert!(done(writer.replace(&key, lease, other.clone(), TTL).await));
    subject.is_told(name, "one that is replaced is told").await;
    assert!(done(writer.release(&key, other.clone()).await));
    subject.is_told(name, "one that is released is told").await;

    done(writer.get_or_set(&key, other.clone(), TTL).await);
    subject.is_told(name, "a change is told each time").await;
    done(writer.invalidate(&key).await);
    subject.is_told(name, "one that is invalidated is told").await;

    done(writer.get_or_set(&key, other, TTL).await);
    subject.is_told(name, "a change is told each time").await;
    done(writer.clear(&subject.prefix).await);
    subject.is_told(name, "one that is cleared is told").await;
}

async fn tells_expiry<R: RemoteBackend>(subject: &Subject<R>) {
    let key = subject.key("expires");
    done(subject.writer.get_or_set(&key, new_lease(), SHORT).await);
    subject.is_told("expires", "a cell that is set is told").await;
    subject.is_told("expires", "one that expires is told").await;
}

async fn tells_its_own_changes<R: RemoteBackend>(subject: &Subject<R>) {
    let key = subject.key("own");
    done(subject.follower.get_or_set(&key, new_lease(), SHORT).await);
    subject.is_told("own", "a change of one's own is told").await;
}

async fn tells_nothing_of_other_prefixes<R: RemoteBackend>(subject: &Subject<R>) {
    let stem = subject.prefix.trim_end_matches(':');
    for beside in [format!("{stem}2:x"), format!("{stem}x"), stem.to_owned()] {
        done(subject.writer.get_or_set(&beside, new_lease(), SHORT).await);
    }
    subject.log.take();
    done(subject.writer.get_or_set(&subject.key("within"), new_lease(), TTL).await);
    until("a change is told", || subject.log.contains("within")).await;
    let told = subject.log.take();
    assert!(told.iter().all(|name| name == "within"), "nothing else is told: {told:?}");
}

/// The log's time stands still but for this: alive again means a sign of life asked for later.
async fn is_alive_once_all_was_told<R: RemoteBackend>(subject: &Subject<R>) {
    for round in 0..5 {
        subject.log.take();
        let names: Vec<String> = (0..20).map(|at| format!("alive-{round}-{at}")).collect();
        for name in &names {
            done(subject.writer.get_or_set(&subject.key(name), Bytes::from("x"), SHORT).await);
        }
        subject.log.outlive();
        let begun = Instant::now();
        until("it is alive", || subject.log.is_connected()).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "it is alive every half second");
        for name in &names {
            assert!(subject.log.contains(name), "all was told when it is alive: {name}");
        }
    }
}

async fn tells_nothing_after_the_end<R: RemoteBackend>(ended: Subject<R>, witness: Subject<R>) {
    witness.follows().await;
    ended.following.abort();
    let end = ended.following.await;
    assert!(end.is_err_and(|error| error.is_cancelled()), "`follow` went on till here");
    ended.log.take();
    ended.log.outlive();
    done(witness.writer.get_or_set(&witness.key("late"), new_lease(), SHORT).await);
    witness.is_told("late", "a change is told to all who follow").await;
    assert_eq!(ended.log.take(), [""; 0], "nothing is told once the future is dropped");
    assert!(!ended.log.is_connected(), "nor is there a sign of life");
}
