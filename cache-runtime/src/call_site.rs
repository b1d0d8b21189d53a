//! One annotated function: a static that knows its names and its policy.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::cache::{self, Cache};
use crate::policy::Policy;
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

impl Site {
    /// A site of the function `module::function`.
    pub const fn new(
        module: &'static str,
        function: &'static str,
        template: &'static str,
        policy: Policy,
    ) -> Self {
        Self { module, function, template, policy, number: AtomicU32::new(0) }
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

    #[inline]
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn function(&self) -> String {
        [self.module, self.function].join("::")
    }

    /// What this site is told from others by, for as long as the process lives.
    #[inline]
    pub(crate) fn address(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
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
        let number = sites.iter().position(|site| site.is_same(self)).unwrap_or_else(|| {
            sites.push(self);
            sites.len() - 1
        }) + 1;
        self.number.store(u32::try_from(number).unwrap_or(u32::MAX), Relaxed);
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
#[derive(Debug, Clone, Copy)]
pub struct SiteOn<'a> {
    pub(crate) site: &'static Site,
    pub(crate) cache: &'a Cache,
}

impl SiteOn<'_> {
    /// What this site did through this cache.
    pub fn stats(self) -> SiteStats {
        let counters = self.site.counters(self.cache);
        SiteStats::new(self.site.function(), self.site.template, counters)
    }
}
