//! A call site and what its function returns, as one value: all that generated code calls.

use crate::cache::{self, Cache};
use crate::call_site::{Site, SiteOn};
use crate::entry_ref::{AnyEntryRef, EntryRef};
use crate::key::{KeyWriter, rendered};
use crate::lookup::{self, Looking, Lookup};
use crate::read::{Call, Mode};
use crate::returns::{Kind, Shape, Shaped};
use crate::stats::SiteStats;

impl<K: Kind, S, C> Shaped<K, S, C> {
    /// `site`, as the site of a function of this return type.
    ///
    /// What it returns hides the type of the shape: where that is none, for want of `Serialize` or
    /// the like, one error says so, and none the methods that are called on the site.
    #[inline]
    pub fn at(self, site: &'static Site) -> SiteFor<impl ShapeOf<K::Return, K::Value>>
    where
        Self: ShapeOf<K::Return, K::Value>,
    {
        SiteFor { site, shape: self }
    }
}

/// A [`Shape`] of the return type `R`, in which a hit holds a `V`: short to write in signatures.
pub trait ShapeOf<R, V>: Shape<Return = R, Value = V> {}

impl<S: Shape> ShapeOf<S::Return, S::Value> for S {}

/// A site of a function whose return type has the shape `S`.
#[derive(Debug, Clone, Copy)]
pub struct SiteFor<S> {
    site: &'static Site,
    shape: S,
}

impl<S: Shape> SiteFor<S> {
    /// Looks the key that `render` writes up in the local tier of the current cache.
    #[allow(clippy::inline_always, reason = "else the value is copied from place to place")]
    #[inline(always)]
    pub fn lookup<W>(self, render: W) -> Lookup<S>
    where
        W: Fn(&mut KeyWriter) -> &mut KeyWriter,
    {
        match cache::never_scoped() {
            Some(cache) => self.on(cache).lookup(render),
            None => lookup::apart(self.lookup_in_scope(render)),
        }
    }

    #[inline(never)]
    fn lookup_in_scope<W>(self, render: W) -> Lookup<S>
    where
        W: Fn(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_scoped(|cache| self.on(cache).lookup(render))
    }

    /// As [`lookup`](Self::lookup) if `cached`, else a call past the cache.
    #[inline]
    pub fn lookup_if<W>(self, cached: bool, render: W) -> Lookup<S>
    where
        W: Fn(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).lookup_if(cached, render))
    }

    /// A load of the key that `render` writes, whatever is cached.
    pub fn refresh<W>(self, render: W) -> Call<S>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).refresh(render))
    }

    /// As [`refresh`](Self::refresh) if `cached`, else a call past the cache.
    pub fn refresh_if<W>(self, cached: bool, render: W) -> Call<S>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).refresh_if(cached, render))
    }

    /// The entry of the key that `render` writes.
    pub fn entry<W>(self, render: W) -> EntryRef<S::Value>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        cache::with_current(|cache| self.on(cache).entry(render))
    }

    /// What this site did through the current cache.
    pub fn stats(self) -> SiteStats {
        self.site.stats()
    }

    /// This site, on a cache of its own.
    #[inline]
    pub fn on(self, cache: &Cache) -> SiteForOn<'_, S> {
        SiteForOn { on: self.site.on(cache), shape: self.shape }
    }
}

/// A [`SiteFor`] on the cache that the annotated function names.
#[derive(Debug, Clone, Copy)]
pub struct SiteForOn<'a, S> {
    on: SiteOn<'a>,
    shape: S,
}

impl<'a, S: Shape> SiteForOn<'a, S> {
    /// Looks the key that `render` writes up in the local tier.
    #[allow(clippy::inline_always, reason = "else the value is copied from place to place")]
    #[inline(always)]
    pub fn lookup<W>(self, render: W) -> Lookup<S>
    where
        W: Fn(&mut KeyWriter) -> &mut KeyWriter,
    {
        self.looking().up(render)
    }

    /// As [`lookup`](Self::lookup) if `cached`, else a call past the cache.
    #[inline]
    pub fn lookup_if<W>(self, cached: bool, render: W) -> Lookup<S>
    where
        W: Fn(&mut KeyWriter) -> &mut KeyWriter,
    {
        if cached { self.lookup(render) } else { Lookup::Miss(self.bypass(render)) }
    }

    /// A load of the key that `render` writes, whatever is cached.
    pub fn refresh<W>(self, render: W) -> Call<S>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        self.looking().call(rendered(render).borrowed(), Mode::Refresh)
    }

    /// As [`refresh`](Self::refresh) if `cached`, else a call past the cache.
    pub fn refresh_if<W>(self, cached: bool, render: W) -> Call<S>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        if cached { self.refresh(render) } else { self.bypass(render) }
    }

    fn bypass<W>(self, render: W) -> Call<S>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        self.looking().call(rendered(render).borrowed(), Mode::Bypass)
    }

    /// The entry of the key that `render` writes.
    pub fn entry<W>(self, render: W) -> EntryRef<S::Value>
    where
        W: FnOnce(&mut KeyWriter) -> &mut KeyWriter,
    {
        let SiteOn { site, cache } = self.on;
        let (policy, key) = (*site.policy(), rendered(render));
        let value = S::FORM.value;
        EntryRef::new(AnyEntryRef { cache: cache.clone(), policy, key, value })
    }

    #[inline]
    fn looking(self) -> Looking<'a, S> {
        let SiteOn { site, cache } = self.on;
        let (owner, policy) = (site.address(), site.policy());
        Looking { site, owner, cache, policy, shape: self.shape }
    }

    /// What this site did through this cache.
    pub fn stats(self) -> SiteStats {
        self.on.stats()
    }
}
