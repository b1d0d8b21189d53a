//! The first step of every read: what the local tier says, without a future.

use std::hint::black_box;
use std::sync::Arc;

use crate::cache::{Cache, Found};
use crate::call_site::Site;
use crate::entry::Entry;
use crate::entry_ref::AnyEntryRef;
use crate::key::{KeyRef, KeyWriter, Words};
use crate::manner::Manner;
use crate::policy::Policy;
use crate::read::{Call, Mode, Past};
use crate::returns::{Kind, Shape};

/// What a read found.
pub enum Lookup<S: Shape> {
    /// The value was in the local tier.
    Hit(S::Return),
    /// It was not, or it is to be replaced.
    Miss(Call<S>),
}

/// What a function that is not inlined has found, apart from what is found inline.
///
/// Such a function writes to memory. The compiler would have it write right where a hit belongs, so that
/// each hit had to be written there too, and read again at once by the caller, in other pieces than those
/// it was written in: for which a processor waits.
#[allow(clippy::inline_always, reason = "there is nothing to be called")]
#[inline(always)]
pub(crate) fn apart<S: Shape>(lookup: Lookup<S>) -> Lookup<S> {
    // What somebody may look at has a place of its own.
    black_box(&lookup);
    lookup
}

/// Where to look, and on behalf of whom.
#[derive(Clone, Copy)]
pub(crate) struct Looking<'a, S> {
    pub(crate) site: &'static Site,
    /// What the words of its keys begin with: nobody else's do who writes other literals between them.
    pub(crate) owner: usize,
    pub(crate) cache: &'a Cache,
    pub(crate) policy: &'a Policy,
    pub(crate) shape: S,
}

impl<S: Shape> Looking<'_, S> {
    /// Looks the key that `render` writes up. It is written as text only if it is not at hand.
    #[allow(clippy::inline_always, reason = "else words and value are copied from place to place")]
    #[inline(always)]
    pub(crate) fn up<W>(self, render: W) -> Lookup<S>
    where
        W: Fn(&mut KeyWriter) -> &mut KeyWriter,
    {
        let mut writer = KeyWriter::of_words(self.owner);
        let words = render(&mut writer).words();
        match self.recalled(words) {
            Some(returned) => Lookup::Hit(returned),
            None => apart(self.up_in_tier(&render)),
        }
    }

    /// Looks a key up that is written already.
    pub(crate) fn up_written(self, key: KeyRef<'_>) -> Lookup<S> {
        let words = Words::of_text(key.as_bytes());
        match self.recalled(&words) {
            Some(returned) => Lookup::Hit(returned),
            None => self.ask(key, &words),
        }
    }

    /// What this thread has at hand that the function can return, counted as a hit.
    #[allow(clippy::inline_always, reason = "else words and value are copied from place to place")]
    #[inline(always)]
    fn recalled(self, words: &Words) -> Option<S::Return> {
        if Manner::current().is_some() {
            return None;
        }
        let entry = self.cache.recalled(words, self.policy)?;
        let stored = entry.value::<S::Value>(self.policy.version_or_default())?;
        if !S::Kind::accepts(stored) {
            return None;
        }
        self.site.counters(self.cache).hit();
        // At the end, so that the copy is made where the caller wants it.
        S::Kind::copied(stored)
    }

    /// The closure comes as a trait object, so that it has one caller to be inlined into: the hit.
    #[inline(never)]
    fn up_in_tier(self, render: &dyn Fn(&mut KeyWriter) -> &mut KeyWriter) -> Lookup<S> {
        // The words once more: that they need not be kept is what makes a hit cheap. Without a local
        // tier, nothing is kept by them.
        let words = || {
            if !self.cache.has_local() {
                return Words::of_nothing();
            }
            *render(&mut KeyWriter::of_words(self.owner)).words()
        };
        let (before, mut text) = (words(), KeyWriter::new());
        let key = render(&mut text).finish();
        // A value that another thread changes meanwhile: who knows which text is whose.
        let after = words();
        let words = if before == after { after } else { Words::of_nothing() };
        self.ask(key, &words)
    }

    /// Asks the tier, which keeps what it says by `words`.
    fn ask(self, key: KeyRef<'_>, words: &Words) -> Lookup<S> {
        if let Some(manner) = Manner::current() {
            return Lookup::Miss(self.call(key, Mode::of(manner)));
        }
        match self.cache.found(self.shape, key, self.policy, words) {
            Found::Fresh(returned) => {
                self.site.counters(self.cache).hit();
                Lookup::Hit(returned)
            }
            Found::Due(entry) => self.past(key, &entry),
            Found::Nothing => Lookup::Miss(self.call(key, Mode::Read)),
        }
    }

    /// What is past its time: a hit all the same, or the one to be replaced.
    #[cold]
    fn past(self, key: KeyRef<'_>, entry: &Arc<Entry>) -> Lookup<S> {
        let Self { site, cache, policy, .. } = self;
        let mode = match Past::of(entry, cache, *policy, S::FORM) {
            Past::Gone => Mode::Read,
            Past::Replace(at_hand) => Mode::Replace(Box::new(at_hand)),
            Past::Hit { stale } => {
                let stored = entry.value::<S::Value>(policy.version_or_default());
                if let Some(returned) = stored.and_then(S::Kind::copied) {
                    site.counters(cache).found(stale);
                    return Lookup::Hit(returned);
                }
                Mode::Read
            }
        };
        Lookup::Miss(self.call(key, mode))
    }

    #[cold]
    pub(crate) fn call(self, key: KeyRef<'_>, mode: Mode) -> Call<S> {
        let Self { site, cache, policy, .. } = self;
        let (cache, policy, key) = (cache.clone(), *policy, key.to_key());
        Call::new(site, AnyEntryRef { cache, policy, key, value: S::FORM.value }, mode)
    }
}
