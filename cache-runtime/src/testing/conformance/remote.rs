use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::barrier;
use crate::error::ErrorKind;
use crate::remote::RemoteBackend;
use crate::remote::cell::new_lease;
use crate::remote::envelope::{Envelope, Header};

pub(super) const TTL: Duration = Duration::from_mins(1);
pub(super) const SHORT: Duration = Duration::from_millis(40);

/// Checks every line of [`RemoteBackend`]'s contract against the store that `make` opens.
///
/// `make` is called more than once and opens the same store or a new one each time. The store goes
/// by real time, as a server does; it is left with a few short-lived keys under `conformance:`.
/// Takes about a second.
///
/// # Panics
///
/// Where the backend breaks the contract.
pub async fn remote<R: RemoteBackend>(make: impl Fn() -> R) {
    absence(&Subject::new(make())).await;
    get_or_set(&Subject::new(make())).await;
    replace(&Subject::new(make())).await;
    extend(&Subject::new(make())).await;
    release(&Subject::new(make())).await;
    holds(&Subject::new(make())).await;
    invalidate(&Subject::new(make())).await;
    clear(&Subject::new(make())).await;
    foreign(&Subject::new(make())).await;
    expiry(&Subject::new(make())).await;
    repetition(&Subject::new(make())).await;
    race(&Subject::new(make())).await;
    barrier::all(|| Subject::new(make())).await;
}

/// A backend, and a fresh key in it.
pub(super) struct Subject<R> {
    pub(super) backend: Arc<R>,
    pub(super) key: String,
}

impl<R: RemoteBackend> Subject<R> {
    fn new(backend: R) -> Self {
        Self {
            backend: Arc::new(backend),
            key: format!("conformance:{:016x}", crate::remote::random::random()),
        }
    }

    /// The same backend, and another key.
    fn with_key(&self, key: String) -> Self {
        let backend = Arc::clone(&self.backend);
        Self { backend, key }
    }

    pub(super) async fn get(&self) -> Option<Bytes> {
        answered("get", self.backend.get(&self.key).await)
    }

    pub(super) async fn get_or_set(&self, cell: &Bytes, ttl: Duration) -> Option<Bytes> {
        let answer = self.backend.get_or_set(&self.key, cell.clone(), ttl).await;
        answered("get_or_set", answer)
    }

    async fn replace(&self, expected: impl Into<Bytes>, cell: &Bytes) -> bool {
        let expected = expected.into();
        let answer = self.backend.replace(&self.key, expected, cell.clone(), TTL);
        answered("replace", answer.await)
    }

    async fn extend(&self, expected: &Bytes, ttl: Duration) -> bool {
        let answer = self.backend.extend(&self.key, expected.clone(), ttl).await;
        answered("extend", answer)
    }

    async fn release(&self, expected: &Bytes) -> bool {
        let answer = self.backend.release(&self.key, expected.clone()).await;
        answered("release", answer)
    }

    async fn holds(&self, expected: impl Into<Bytes>) -> bool {
        answered("holds", self.backend.holds(&self.key, expected.into()).await)
    }

    pub(super) async fn invalidate(&self) {
        answered("invalidate", self.backend.invalidate(&self.key).await);
    }

    /// Leaves `cell` under the key, where there is nothing.
    pub(super) async fn plant(&self, cell: &Bytes, ttl: Duration) {
        assert_eq!(self.get_or_set(cell, ttl).await, None, "the key is absent");
    }

    pub(super) async fn until_absent(&self) {
        let begun = Instant::now();
        while self.get().await.is_some() {
            assert!(begun.elapsed() < Duration::from_secs(5), "a cell expires");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(super) fn answered<T>(method: &str, answer: crate::Result<T>) -> T {
    answer.unwrap_or_else(|error| panic!("`{method}` failed: {error:?}"))
}

pub(super) fn value() -> Bytes {
    let envelope =
        Envelope { header: Header::new(1, 2, 3), payload: Some(Bytes::from_static(b"\0\r\n\xff")) };
    answered("encode", envelope.encode())
}

fn raised() -> Bytes {
    Bytes::from_static(b"\xC1B\0a writerdeadline")
}

/// The same, after an invalidation has passed it over.
fn overlapped() -> Bytes {
    Bytes::from_static(b"\xC1B\x01a writerdeadline")
}

async fn absence<R: RemoteBackend>(subject: &Subject<R>) {
    let lease = new_lease();
    assert_eq!(subject.get().await, None, "an absent cell is none");
    let replaced = subject.replace(lease.clone(), &value()).await;
    assert!(!replaced, "nothing replaces an absent cell");
    let extended = subject.extend(&lease, TTL).await;
    assert!(!extended, "nothing extends an absent cell");
    let released = subject.release(&lease).await;
    assert!(!released, "nothing releases an absent cell");
    subject.invalidate().await;
    assert_eq!(subject.get().await, None, "and nothing makes one of it");
}

async fn get_or_set<R: RemoteBackend>(subject: &Subject<R>) {
    let (mine, theirs) = (new_lease(), new_lease());
    let found = subject.get_or_set(&mine, TTL).await;
    assert_eq!(found, None, "an absent cell is set");
    assert_eq!(subject.get().await, Some(mine.clone()), "and then found");
    let found = subject.get_or_set(&theirs, TTL).await;
    assert_eq!(found.as_ref(), Some(&mine), "what stands is answered");
    assert_eq!(subject.get().await, Some(mine), "and stays");
}

async fn replace<R: RemoteBackend>(subject: &Subject<R>) {
    let (lease, first, second) = (new_lease(), value(), value());
    subject.plant(&lease, TTL).await;
    let replaced = subject.replace(new_lease(), &first).await;
    assert!(!replaced, "another token replaces nothing");
    let longer = [&lease[..], b"x"].concat();
    let replaced = subject.replace(longer, &first).await;
    assert!(!replaced, "what is longer than the cell is not its start");
    assert_eq!(subject.get().await, Some(lease.clone()), "it stays");

    assert!(subject.replace(lease, &first).await, "its own token does");
    assert_eq!(subject.get().await, Some(first.clone()), "whole");
    let replaced = subject.replace(second.slice(..12), &second).await;
    assert!(!replaced, "the header of another value replaces nothing");
    let replaced = subject.replace(first.slice(..12), &second).await;
    assert!(replaced, "the first bytes of a value are enough");
    assert_eq!(subject.get().await, Some(second), "whole again");

    let empty = subject.backend.replace(&subject.key, Bytes::new(), first, TTL);
    refused("replace", empty.await);
    let empty = subject.backend.extend(&subject.key, Bytes::new(), TTL);
    refused("extend", empty.await);
    let empty = subject.backend.release(&subject.key, Bytes::new());
    refused("release", empty.await);
}

fn refused(method: &str, answer: crate::Result<bool>) {
    let kind = answer.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::Config), "`{method}` expects no nothing");
}

async fn extend<R: RemoteBackend>(subject: &Subject<R>) {
    let lease = new_lease();
    subject.plant(&lease, Duration::from_secs(1)).await;
    let extended = subject.extend(&new_lease(), TTL).await;
    assert!(!extended, "another token extends nothing");
    let extended = subject.extend(&lease.slice(..12), TTL).await;
    assert!(!extended, "nor does half the token");
    assert!(subject.extend(&lease, TTL).await, "its own token does");
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(subject.get().await, Some(lease.clone()), "it outlives");
    assert!(subject.extend(&lease, SHORT).await, "a life is cut short too");
    subject.until_absent().await;
}

async fn release<R: RemoteBackend>(subject: &Subject<R>) {
    let lease = new_lease();
    subject.plant(&lease, TTL).await;
    let released = subject.release(&new_lease()).await;
    assert!(!released, "another token releases nothing");
    let released = subject.release(&lease.slice(..12)).await;
    assert!(!released, "nor does half the token");
    assert_eq!(subject.get().await, Some(lease.clone()), "it stays");
    assert!(subject.release(&lease).await, "its own token does");
    assert_eq!(subject.get().await, None, "it is gone");
}

async fn holds<R: RemoteBackend>(subject: &Subject<R>) {
    let cell = value();
    assert!(!subject.holds(cell.slice(..12)).await, "an absent cell holds nothing");
    subject.plant(&cell, TTL).await;
    assert!(subject.holds(cell.slice(..12)).await, "its first bytes are enough");
    assert!(subject.holds(cell.slice(..1)).await, "and be it one");
    assert!(subject.holds(cell.clone()).await, "all of it are its first bytes too");
    assert!(!subject.holds([&cell[..], b"x"].concat()).await, "what is longer is not its start");
    assert!(!subject.holds(cell.slice(1..12)).await, "nor is what stands in it elsewhere");
    assert!(!subject.holds(value().slice(..12)).await, "nor is another one's");
    refused("holds", subject.backend.holds(&subject.key, Bytes::new()).await);
    assert_eq!(subject.get().await, Some(cell), "to look changes nothing");
}

async fn invalidate<R: RemoteBackend>(subject: &Subject<R>) {
    for cell in [new_lease(), value(), Bytes::from_static(b"\xC1V")] {
        subject.plant(&cell, TTL).await;
        subject.invalidate().await;
        assert_eq!(subject.get().await, None, "values and leases are removed");
    }
    subject.plant(&raised(), TTL).await;
    subject.invalidate().await;
    let found = subject.get().await;
    assert_eq!(found, Some(overlapped()), "a barrier outlives it, and knows of it");
}

async fn clear<R: RemoteBackend>(subject: &Subject<R>) {
    let within = |name: &str| subject.with_key(format!("{}:*[a-b]?\\^:{name}", subject.key));
    let prefix = within("").key;
    let (value, lease, late) = (value(), new_lease(), new_lease());
    let foreign = Bytes::from_static(b"{}");
    let cells =
        [("value", &value), ("lease", &lease), ("barrier", &raised()), ("foreign", &foreign)];
    for (name, cell) in cells {
        within(name).plant(cell, TTL).await;
    }
    for at in 0..2_000 {
        within(&at.to_string()).plant(&lease, TTL).await;
    }
    let beside = subject.with_key(format!("{}:*aa?\\^:value", subject.key));
    beside.plant(&value, TTL).await;

    answered("clear", subject.backend.clear(&prefix).await);
    for at in 0..2_000 {
        let found = within(&at.to_string()).get().await;
        assert_eq!(found, None, "every key under the prefix is cleared");
    }
    let left = [None, None, Some(overlapped()), Some(foreign.clone())];
    for ((name, _), expected) in cells.into_iter().zip(left) {
        assert_eq!(within(name).get().await, expected, "a {name} that is cleared");
    }
    assert_eq!(beside.get().await, Some(value), "what is beside the prefix stays");
    within("late").plant(&late, TTL).await;
    assert_eq!(within("late").get().await, Some(late), "what comes after stays");
    answered("clear", subject.backend.clear(&prefix).await);
    beside.invalidate().await;
    for (name, expected) in [("barrier", overlapped()), ("foreign", foreign)] {
        let expiring = subject.backend.extend(&within(name).key, expected, SHORT).await;
        assert!(answered("extend", expiring), "a test tidies up");
    }
}

async fn foreign<R: RemoteBackend>(subject: &Subject<R>) {
    for bytes in ["{\"a\":1}", "\u{c1}V", "V", ""] {
        let bytes = Bytes::from_static(bytes.as_bytes());
        subject.plant(&bytes, SHORT).await;
        let kind = subject.backend.invalidate(&subject.key).await;
        let kind = kind.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Foreign), "foreign data is noticed");
        let found = subject.get_or_set(&value(), TTL).await;
        assert_eq!(found, Some(bytes), "and left alone");
        subject.until_absent().await;
    }
}

async fn expiry<R: RemoteBackend>(subject: &Subject<R>) {
    let (lease, value) = (new_lease(), value());
    subject.plant(&lease, SHORT).await;
    subject.until_absent().await;

    subject.plant(&lease, TTL).await;
    let replaced = subject.backend.replace(&subject.key, lease, value, SHORT);
    assert!(answered("replace", replaced.await), "its token replaces it");
    subject.until_absent().await;

    subject.plant(&new_lease(), Duration::ZERO).await;
    subject.until_absent().await;
    subject.plant(&new_lease(), Duration::MAX).await;
    assert!(subject.get().await.is_some(), "the longest life is long");
    subject.invalidate().await;
}

async fn repetition<R: RemoteBackend>(subject: &Subject<R>) {
    let (lease, value) = (new_lease(), value());
    subject.plant(&lease, TTL).await;
    let found = subject.get_or_set(&lease, TTL).await;
    assert_eq!(found.as_ref(), Some(&lease), "who asks again meets his lease");
    assert!(subject.extend(&lease, TTL).await && subject.extend(&lease, TTL).await);
    assert!(subject.replace(lease.clone(), &value).await);
    assert!(!subject.replace(lease.clone(), &value).await);
    assert!(!subject.release(&lease).await, "a release come late is none");
    assert_eq!(subject.get().await, Some(value), "the fill stands");
    subject.invalidate().await;
    subject.invalidate().await;
    assert_eq!(subject.get().await, None);
}

async fn race<R: RemoteBackend>(subject: &Subject<R>) {
    let leases: Vec<Bytes> = (0..16).map(|_| new_lease()).collect();
    let tasks: Vec<_> = leases
        .iter()
        .map(|lease| {
            let (backend, key) = (Arc::clone(&subject.backend), subject.key.clone());
            let lease = lease.clone();
            tokio::spawn(async move { backend.get_or_set(&key, lease, TTL).await })
        })
        .collect();
    let (mut winners, mut found) = (Vec::new(), Vec::new());
    for (task, lease) in tasks.into_iter().zip(leases) {
        let answer = task.await.unwrap_or_else(|panic| panic!("{panic}"));
        match answered("get_or_set", answer) {
            None => winners.push(lease),
            Some(other) => found.push(other),
        }
    }
    assert_eq!(winners.len(), 1, "one of many sets the cell");
    assert!(found.iter().all(|other| *other == winners[0]), "all meet it");
}
