//! The first step of every read: what the local tier says, without a future.

use std::sync::Arc;

use crate::cache::{Cache, Found};
use crate::call_site::Site;
use crate::entry::Entry;
use crate::entry_ref::EntryRef;
use crate::key::KeyRef;
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

/// Where to look, and on behalf of whom.
#[derive(Clone, Copy)]
pub(crate) struct Looking<'a, S> {
    pub(crate) site: &'static Site,
    pub(crate) cache: &'a Cache,
    pub(crate) policy: Policy,
    pub(crate) shape: S,
}

impl<S: Shape> Looking<'_, S> {
    #[inline]
    pub(crate) fn up(self, key: KeyRef<'_>) -> Lookup<S> {
        if let Some(manner) = Manner::current() {
            return Lookup::Miss(self.call(key, Mode::of(manner)));
        }
        match self.cache.found(self.shape, key, self.policy) {
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
        let stored = entry.value::<S::Value>(policy.version_or_default());
        let Some(stored) = stored.filter(|stored| S::Kind::accepts(stored)) else {
            return Lookup::Miss(self.call(key, Mode::Read));
        };
        let mode = match Past::of(entry, cache, policy) {
            Past::Gone => Mode::Read,
            Past::Replace(at_hand) => Mode::Replace(Box::new(at_hand)),
            Past::Hit { stale } => match S::Kind::returned(stored.clone()) {
                Some(returned) => {
                    site.counters(cache).found(stale);
                    return Lookup::Hit(returned);
                }
                None => Mode::Read,
            },
        };
        Lookup::Miss(self.call(key, mode))
    }

    #[cold]
    pub(crate) fn call(self, key: KeyRef<'_>, mode: Mode) -> Call<S> {
        let entry = EntryRef::new(self.cache.clone(), self.policy, key.to_key(), S::CODEC);
        Call::new(self.site, entry, mode)
    }
}
