//! One annotated function: a static that knows its names and its policy.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::cache::{self, Cache};
use crate::entry_ref::EntryRef;
use crate::key::{Key, KeyWriter};
use crate::policy::Policy;
use crate::read::{Call, Mode};
use crate::returns::Shape;
use crate::stats::{SiteCounters, SiteStats};

/// Every site that was ever called, by its number less one.
static SITES: Mutex<Vec<&'static Site>> = Mutex::new(Vec::new());

/// A call site. Generated code makes one `static` for each annotated function.
#[derive(Debug)]
pub struct Site {
    module: &'static str,
    function: &'static str,
    template: &'static str,
    policy: Policy,
    /// Zero until the first call.
    number: AtomicU32,
}

/// What a read found.
pub enum Lookup<S: Shape> {
    /// The value was in the local tier.
    Hit(S::Return),
    /// It was not.
    Miss(Call<S>),
}

impl Site {
    /// A site of the function `module::function`.
    pub const fn new(
        module: &'static str,
        function: &'static str,
        template: &'static str,
        policy: Policy,
    ) -> Self {
        Self {
            module,
            function,
            template,
            policy,
            number: AtomicU32::new(0),
        }
    }

    /// Looks the key that `render` writes up in the local tier of the current cache.
    #[inline]
    pub fn lookup<S, W>(&'static self, shape: S, render: W) -> Lookup<S>
    where
        S: Shape,
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).lookup(shape, render))
    }

    /// A load of the key that `render` writes, whatever is cached.
    pub fn refresh<S, W>(&'static self, shape: S, render: W) -> Call<S>
    where
        S: Shape,
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).refresh(shape, render))
    }

    /// The entry of the key that `render` writes.
    pub fn entry<S, W>(&'static self, shape: S, render: W) -> EntryRef<S::Value>
    where
        S: Shape,
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).entry(shape, render))
    }

    /// What this site did through the current cache.
    pub fn stats(&'static self) -> SiteStats {
        cache::with_current(|cache| self.on(cache).stats())
    }

    /// This site, on a cache of its own.
    #[inline]
    pub fn on<'a>(&'static self, cache: &'a Cache) -> SiteOn<'a> {
        SiteOn { site: self, cache }
    }

    pub(crate) fn function(&self) -> String {
        [self.module, self.function].join("::")
    }

    /// The place of this site among all of the process.
    #[inline]
    fn number(&'static self) -> usize {
        match self.number.load(Relaxed) {
            0 => self.register(),
            number => number as usize,
        }
    }

    #[cold]
    fn register(&'static self) -> usize {
        let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
        let number = sites
            .iter()
            .position(|site| site.is_same(self))
            .unwrap_or_else(|| {
                sites.push(self);
                sites.len() - 1
            })
            + 1;
        self.number
            .store(u32::try_from(number).unwrap_or(u32::MAX), Relaxed);
        number
    }

    /// A method and the function that makes its entries have a static each.
    fn is_same(&self, other: &Self) -> bool {
        (self.module, self.function, self.template)
            == (other.module, other.function, other.template)
    }

    #[inline]
    pub(crate) fn counters<'a>(&'static self, cache: &'a Cache) -> &'a SiteCounters {
        cache.counters().site(self.number() - 1)
    }
}

/// What every site that was called through `cache` did.
pub(crate) fn stats(cache: &Cache) -> Vec<SiteStats> {
    let sites = SITES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let stats = sites.into_iter().enumerate().filter_map(|(index, site)| {
        let counters = cache.counters().existing(index)?;
        Some(SiteStats::new(site.function(), site.template, counters))
    });
    stats.filter(|site| !site.is_empty()).collect()
}

/// A site on the cache that the annotated function names.
#[derive(Clone, Copy)]
pub struct SiteOn<'a> {
    site: &'static Site,
    cache: &'a Cache,
}

impl SiteOn<'_> {
    /// Looks the key that `render` writes up in the local tier.
    #[inline]
    pub fn lookup<S, W>(self, _: S, render: W) -> Lookup<S>
    where
        S: Shape,
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        let mut writer = KeyWriter::new();
        render(&mut writer);
        let key = writer.finish();
        if let Some(found) = self
            .cache
            .found::<S>(key, self.site.policy.version_or_default())
        {
            self.site.counters(self.cache).hit();
            return Lookup::Hit(found);
        }
        Lookup::Miss(self.call(key.to_key(), Mode::Read))
    }

    /// A load of the key that `render` writes, whatever is cached.
    pub fn refresh<S, W>(self, _: S, render: W) -> Call<S>
    where
        S: Shape,
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        self.call(rendered(render), Mode::Refresh)
    }

    #[cold]
    fn call<S: Shape>(self, key: Key, mode: Mode) -> Call<S> {
        Call::new(self.site, self.entry_of::<S>(key), mode)
    }

    /// The entry of the key that `render` writes.
    pub fn entry<S, W>(self, _: S, render: W) -> EntryRef<S::Value>
    where
        S: Shape,
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        self.entry_of::<S>(rendered(render))
    }

    fn entry_of<S: Shape>(self, key: Key) -> EntryRef<S::Value> {
        EntryRef::new(self.cache.clone(), self.site.policy, key, S::CODEC)
    }

    /// What this site did through this cache.
    pub fn stats(self) -> SiteStats {
        let counters = self.site.counters(self.cache);
        SiteStats::new(self.site.function(), self.site.template, counters)
    }
}

pub(crate) fn rendered<W>(render: W) -> Key
where
    W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
{
    let mut writer = KeyWriter::new();
    render(&mut writer);
    writer.finish().to_key()
}
