//! The suite of journals.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::remote::answered;
use crate::journal::{Claimed, Ending, Journal, Put, Ready, Settled, Write};

const LATER: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(40);

/// Checks every line of [`Journal`]'s contract against the journal that `make` opens.
///
/// `make` is called more than once and opens the same journal or a new one each time. The journal
/// goes by real time. Takes about a second.
///
/// # Panics
///
/// Where the journal breaks the contract.
pub async fn journal<J: Journal>(make: impl Fn() -> J) {
    waiting(&Subject::new(make())).await;
    one_a_key(&Subject::new(make())).await;
    sequences(&Subject::new(make())).await;
    room(&Subject::new(make())).await;
    lateness(&Subject::new(make())).await;
    readiness(&Subject::new(make())).await;
    holds(&Subject::new(make())).await;
    order(&Subject::new(make())).await;
    settling(&Subject::new(make())).await;
    what_came_meanwhile(&Subject::new(make())).await;
    forgetting(&Subject::new(make())).await;
    dead_letters(&Subject::new(make())).await;
}

/// A journal, and a function that nobody else has.
struct Subject<J> {
    journal: J,
    function: String,
}

impl<J: Journal> Subject<J> {
    fn new(journal: J) -> Self {
        Self { journal, function: format!("shop::save_{:016x}", crate::remote::random::random()) }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.function)
    }

    fn write(&self, key: &str, payload: &'static str) -> Write {
        Write {
            function: self.function.clone(),
            key: self.key(key),
            payload: Bytes::from_static(payload.as_bytes()),
            due: LATER,
            room: 100,
            until: u64::MAX,
        }
    }

    async fn put(&self, write: Write) -> Put {
        answered("put", self.journal.put(write).await)
    }

    /// Lets `payload` wait, and answers its sequence.
    async fn takes(&self, key: &str, payload: &'static str) -> u64 {
        match self.put(self.write(key, payload)).await {
            Put::Taken { sequence, .. } => sequence,
            put => panic!("there is room: {put:?}"),
        }
    }

    async fn get(&self, key: &str) -> Option<Bytes> {
        answered("get", self.journal.get(&self.key(key)).await)
    }

    async fn claim(&self, most: usize, hold: Duration, ready: Ready) -> Vec<Claimed> {
        answered("claim", self.journal.claim(&self.function, most, hold, ready).await)
    }

    /// The keys and payloads of all that can be claimed now.
    async fn claims(&self, ready: Ready) -> Vec<(String, Bytes)> {
        let claimed = self.claim(100, LATER, ready).await;
        claimed.into_iter().map(|it| (it.key, it.payload)).collect()
    }

    async fn claim_one(&self) -> Claimed {
        let mut claimed = self.claim(100, LATER, Ready::All).await;
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        claimed.remove(0)
    }

    async fn settle(&self, claimed: &Claimed, ending: Ending) {
        let (key, sequence, attempts) = (claimed.key.clone(), claimed.sequence, claimed.attempts);
        let settled = Settled { key, sequence, attempts, ending };
        answered("settle", self.journal.settle(&self.function, vec![settled]).await);
    }

    async fn count(&self) -> u64 {
        answered("waiting", self.journal.waiting(&self.function).await)
    }
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn waiting<J: Journal>(subject: &Subject<J>) {
    assert_eq!((subject.get("a").await, subject.count().await), (None, 0));
    assert!(subject.claims(Ready::All).await.is_empty());
    subject.takes("a", "one").await;
    subject.takes("b", "\0\r\n").await;
    assert_eq!(subject.get("a").await, Some(bytes("one")));
    assert_eq!(subject.get("b").await, Some(bytes("\0\r\n")), "any bytes are kept");
    assert_eq!(subject.count().await, 2);
    let all = subject.claims(Ready::All).await;
    let expected = [(subject.key("a"), bytes("one")), (subject.key("b"), bytes("\0\r\n"))];
    assert_eq!(all, expected, "the longest due first");
    assert_eq!(subject.get("a").await, Some(bytes("one")), "what was claimed is there still");
    assert_eq!(subject.count().await, 2, "and waits");
}

async fn one_a_key<J: Journal>(subject: &Subject<J>) {
    subject.takes("a", "one").await;
    subject.takes("b", "other").await;
    let last = subject.takes("a", "two").await;
    assert_eq!((subject.get("a").await, subject.count().await), (Some(bytes("two")), 2));
    let claimed = subject.claim(1, LATER, Ready::All).await;
    let [one] = claimed.as_slice() else { panic!("as many as are wanted: {claimed:?}") };
    let found = (one.key.clone(), one.sequence, one.attempts, one.payload.clone());
    let expected = (subject.key("a"), last, 1, bytes("two"));
    assert_eq!(found, expected, "the later takes the place of the earlier, and its turn");
}

async fn sequences<J: Journal>(subject: &Subject<J>) {
    let before = answered("now", subject.journal.now().await);
    let mut last = before - 1; // within one microsecond, the first is what the clock showed
    for key in ["a", "b", "a", "c", "a"] {
        let sequence = subject.takes(key, "one").await;
        assert!(sequence > last, "{sequence} comes after {last}");
        last = sequence;
    }
    assert!(answered("now", subject.journal.now().await) >= last, "the clock is not behind");
    let year_2020 = 1_577_836_800_000_000;
    assert!(before > year_2020, "sequences are microseconds");
}

async fn room<J: Journal>(subject: &Subject<J>) {
    let small = |key, payload| Write { room: 2, ..subject.write(key, payload) };
    let put = subject.put(small("a", "one")).await;
    assert!(matches!(put, Put::Taken { waiting: 1, .. }), "{put:?}");
    let Put::Taken { sequence, waiting: 2 } = subject.put(small("b", "one")).await else {
        panic!("there is room for two");
    };
    match subject.put(small("c", "one")).await {
        Put::Refused { sequence: refused } => assert!(refused > sequence, "it has its place"),
        put => panic!("there is room for no more: {put:?}"),
    }
    assert_eq!((subject.get("c").await, subject.count().await), (None, 2));
    let again = subject.put(small("a", "two")).await;
    assert!(matches!(again, Put::Taken { waiting: 2, .. }), "what waits is replaced: {again:?}");

    let function = format!("{}_too", subject.function);
    let others = Write { function, ..subject.write("a", "three") };
    let put = subject.put(others).await;
    assert!(matches!(put, Put::Refused { .. }), "another function's waits there: {put:?}");
    assert_eq!(subject.get("a").await, Some(bytes("two")));
}

async fn lateness<J: Journal>(subject: &Subject<J>) {
    let now = answered("now", subject.journal.now().await);
    let late = Write { until: now.saturating_sub(1), ..subject.write("a", "one") };
    assert_eq!(subject.put(late).await, Put::Late);
    assert_eq!((subject.get("a").await, subject.count().await), (None, 0));
    let timely = Write { until: now + 60_000_000, ..subject.write("a", "one") };
    assert!(matches!(subject.put(timely).await, Put::Taken { .. }));
}

async fn readiness<J: Journal>(subject: &Subject<J>) {
    subject.put(Write { due: Duration::ZERO, ..subject.write("due", "one") }).await;
    subject.takes("fresh", "one").await;
    let due = subject.claim(100, LATER, Ready::Due).await;
    assert_eq!(due.len(), 1, "what is due: {due:?}");
    subject.settle(&due[0], Ending::Again(LATER)).await;
    let fresh = subject.claims(Ready::Fresh).await;
    assert_eq!(fresh, [(subject.key("fresh"), bytes("one"))], "what was never tried");
    let all = subject.claims(Ready::All).await;
    assert_eq!(all, [(subject.key("due"), bytes("one"))], "what waits for its next attempt");
    assert!(subject.claims(Ready::All).await.is_empty(), "not what others hold");
}

async fn holds<J: Journal>(subject: &Subject<J>) {
    subject.takes("a", "one").await;
    assert_eq!(subject.claim(1, SHORT, Ready::All).await.len(), 1);
    let begun = Instant::now();
    let again = loop {
        if let Some(again) = subject.claim(1, LATER, Ready::Due).await.pop() {
            break again;
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "a hold ends");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(begun.elapsed() >= SHORT / 2, "not before its time");
    assert_eq!(again.attempts, 2, "each claim is an attempt");
    let late = Claimed { attempts: 1, ..again.clone() };
    for ending in [Ending::Again(Duration::ZERO), Ending::Dead("late".to_owned())] {
        subject.settle(&late, ending).await;
        assert!(subject.claims(Ready::All).await.is_empty(), "others hold it now");
        assert_eq!(subject.count().await, 1);
    }
    subject.settle(&late, Ending::Written).await;
    assert_eq!(subject.count().await, 0, "though if it is made it is made");
}

async fn order<J: Journal>(subject: &Subject<J>) {
    for (key, due) in [("late", 3), ("first", 1), ("second", 2)] {
        let due = Duration::from_mins(due);
        subject.put(Write { due, ..subject.write(key, "one") }).await;
    }
    let keys = subject.claims(Ready::All).await.into_iter().map(|it| it.0);
    let expected = ["first", "second", "late"].map(|key| subject.key(key));
    assert_eq!(keys.collect::<Vec<_>>(), expected, "the longest due first");
}

async fn settling<J: Journal>(subject: &Subject<J>) {
    subject.takes("a", "one").await;
    let one = subject.claim_one().await;
    subject.settle(&one, Ending::Again(Duration::ZERO)).await;
    let again = subject.claim_one().await;
    assert_eq!((again.sequence, again.attempts), (one.sequence, 2));
    subject.settle(&again, Ending::Written).await;
    subject.settle(&again, Ending::Written).await;
    assert_eq!((subject.get("a").await, subject.count().await), (None, 0), "it is made");
    subject.settle(&again, Ending::Again(Duration::ZERO)).await;
    subject.settle(&again, Ending::Dead("late".to_owned())).await;
    assert_eq!(subject.count().await, 0, "what is gone is gone");
}

async fn what_came_meanwhile<J: Journal>(subject: &Subject<J>) {
    for ending in [Ending::Written, Ending::Again(LATER), Ending::Dead("broken".to_owned())] {
        subject.takes("a", "one").await;
        let old = subject.claim_one().await;
        let newer = subject.takes("a", "two").await;
        let early = subject.claims(Ready::All).await;
        assert!(early.is_empty(), "it waits until the earlier is settled");
        assert_eq!(subject.get("a").await, Some(bytes("two")), "and is what readers find");
        subject.settle(&old, ending.clone()).await;
        let due = subject.claim(1, LATER, Ready::Due).await;
        let found: Vec<_> = due.iter().map(|it| (it.sequence, it.attempts)).collect();
        assert_eq!(found, [(newer, 1)], "then it is due at once, after {ending:?}");
        subject.settle(&due[0], Ending::Written).await;
    }
    assert!(answered("dead", subject.journal.dead(&subject.function).await).is_empty());
}

async fn forgetting<J: Journal>(subject: &Subject<J>) {
    let sequence = subject.takes("a", "one").await;
    let (function, key) = (&subject.function, subject.key("a"));
    answered("forget", subject.journal.forget(function, &key, sequence).await);
    answered("forget", subject.journal.forget("another", &key, u64::MAX >> 11).await);
    assert_eq!(subject.count().await, 1, "what is not older stays, and what is another's");
    answered("forget", subject.journal.forget(function, &key, sequence + 1).await);
    answered("forget", subject.journal.forget(function, &key, sequence + 1).await);
    assert_eq!((subject.get("a").await, subject.count().await), (None, 0));
}

async fn dead_letters<J: Journal>(subject: &Subject<J>) {
    let (journal, function) = (&subject.journal, &subject.function);
    let dead = async || answered("dead", journal.dead(function).await);
    let revive =
        async |again| answered("revive", journal.revive(function, &subject.key("a"), again).await);
    assert!(dead().await.is_empty() && !revive(true).await);
    subject.takes("a", "one").await;
    let one = subject.claim_one().await;
    subject.settle(&one, Ending::Dead("broken: \u{e9}".to_owned())).await;
    assert_eq!((subject.get("a").await, subject.count().await), (None, 0), "it is out of the way");
    let letters = dead().await;
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0].write, letters[0].reason.as_str()), (&one, "broken: \u{e9}"));
    assert!(revive(true).await);
    let again = subject.claim_one().await;
    assert_eq!((again.sequence, again.attempts), (one.sequence, 1), "it waits again");
    assert!(dead().await.is_empty());

    subject.settle(&again, Ending::Dead("again".to_owned())).await;
    let newer = subject.takes("a", "two").await;
    assert!(revive(true).await && dead().await.is_empty());
    assert_eq!(subject.claim_one().await.sequence, newer, "a newer one is not replaced");

    subject.settle(&Claimed { sequence: newer, ..one }, Ending::Dead("again".to_owned())).await;
    assert!(revive(false).await && dead().await.is_empty());
    assert_eq!(subject.count().await, 0, "it is forgotten");
}
