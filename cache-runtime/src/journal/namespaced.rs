//! A journal that caches of several namespaces share.

use std::time::Duration;

use bytes::Bytes;

use super::{AnyJournal, Claimed, DeadLetter, Journal, Put, Ready, Settled, Write};
use crate::error::Result;

/// The part of a journal that is one namespace's: names of functions and keys begin with it there.
pub(crate) struct Namespaced {
    journal: AnyJournal,
    prefix: String,
}

impl Namespaced {
    pub(crate) fn new(journal: AnyJournal, namespace: &str) -> Self {
        // With its length: `a` and `a:b` are two, whatever their keys begin with.
        Self { journal, prefix: format!("{}:{namespace}:", namespace.len()) }
    }

    fn within(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }

    fn without(&self, claimed: Claimed) -> Claimed {
        let key = claimed.key.strip_prefix(&self.prefix).map(str::to_owned);
        Claimed { key: key.unwrap_or(claimed.key), ..claimed }
    }
}

impl Journal for Namespaced {
    fn is_local(&self) -> bool {
        self.journal.is_local()
    }

    async fn now(&self) -> Result<u64> {
        self.journal.now().await
    }

    async fn put(&self, write: Write) -> Result<Put> {
        let (function, key) = (self.within(&write.function), self.within(&write.key));
        self.journal.put(Write { function, key, ..write }).await
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        self.journal.get(&self.within(key)).await
    }

    async fn claim(
        &self,
        function: &str,
        most: usize,
        hold: Duration,
        ready: Ready,
    ) -> Result<Vec<Claimed>> {
        let claimed = self.journal.claim(&self.within(function), most, hold, ready).await?;
        Ok(claimed.into_iter().map(|one| self.without(one)).collect())
    }

    async fn settle(&self, function: &str, settled: Vec<Settled>) -> Result<()> {
        let settled = settled.into_iter().map(|one| Settled { key: self.within(&one.key), ..one });
        self.journal.settle(&self.within(function), settled.collect()).await
    }

    async fn forget(&self, function: &str, key: &str, before: u64) -> Result<()> {
        self.journal.forget(&self.within(function), &self.within(key), before).await
    }

    async fn waiting(&self, function: &str) -> Result<u64> {
        self.journal.waiting(&self.within(function)).await
    }

    async fn dead(&self, function: &str) -> Result<Vec<DeadLetter>> {
        let dead = self.journal.dead(&self.within(function)).await?;
        let without = |letter: DeadLetter| DeadLetter {
            write: self.without(letter.write),
            reason: letter.reason,
        };
        Ok(dead.into_iter().map(without).collect())
    }

    async fn revive(&self, function: &str, key: &str, again: bool) -> Result<bool> {
        self.journal.revive(&self.within(function), &self.within(key), again).await
    }
}

#[cfg(all(test, feature = "testing", not(shuttle)))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::LossyJournal;
    use crate::testing::conformance;

    #[tokio::test]
    async fn the_part_of_one_namespace_is_a_journal() {
        let part = || Namespaced::new(AnyJournal::new(LossyJournal::new()), "shop");
        conformance::journal(part).await;
    }

    #[tokio::test]
    async fn a_namespace_that_goes_on_where_another_one_ends_is_apart_from_it() {
        let journal = AnyJournal::new(LossyJournal::new());
        let part = |namespace| Namespaced::new(journal.clone(), namespace);
        let write = Write {
            function: "save".to_owned(),
            key: "prod:1".to_owned(),
            payload: Bytes::from_static(b"payload"),
            due: Duration::ZERO,
            room: 1,
            until: u64::MAX,
        };
        part("shop").put(write).await.unwrap();
        assert!(part("shop").get("prod:1").await.unwrap().is_some());
        assert!(part("shop:prod").get("1").await.unwrap().is_none());
    }
}
