//! The attributes of `cache-runtime`, which re-exports them: depend on that crate alone.
//!
//! An invocation passes through the modules in this order: `args` reads the settings,
//! `function` the signature (the body stays raw tokens), `model` puts both into the words of
//! this crate, `check` holds one function a rule, `expand` writes code. Each of them records
//! what is wrong in `diagnostics` and goes on, so that one build shows all mistakes.

mod args;
mod check;
mod crate_path;
mod diagnostics;
mod expand;
mod function;
mod key_template;
mod model;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

use crate::diagnostics::Diagnostics;

/// Caches what an `async fn` returns.
///
/// The key is made of the arguments. A hit answers without running the body; of concurrent calls
/// on one key, one runs it and the others get its value. `Ok` and `Some` hold values, errors are
/// handed on and, without `err_ttl`, never stored.
///
/// | setting | means | default |
/// |---|---|---|
/// | `key = "user:<id>"` | the key: text and `<argument>`, `<argument.field>`, `<self.field>`; `<<` and `>>` are literal | path of the function, type arguments and every argument |
/// | `ttl = 3600`, `"1h 30m"`, `CONST` | life of an entry; integers count seconds | the cache's `default_ttl` |
/// | `ttl = "forever"` | it ends by invalidation or eviction alone | |
/// | `ttl = \|value\| …` | the `Duration` that the value `&T` is good for; zero: it is not stored | |
/// | `none_ttl = "30s"`, `"never"` | life of a cached `None` | smaller of ttl and 30 s |
/// | `stale = "5m"` | after its ttl, for this long: served while a new value is loaded, or while loads fail | none |
/// | `refresh = 0.8`, `"xfetch"` | loaded anew ahead of the end: at this part of the ttl, or by a chance that grows with the cost of the load | off |
/// | `timeout = "200ms"` | how long a caller with a stale value waits for a new one; needs `stale` | takes it at once |
/// | `hard_timeout = "2s"` | how long a caller with nothing at hand waits; then it gets an error, `E: From<Timeout>` | as long as it takes |
/// | `err_ttl = "5s"` | remembers errors for so long, in the local tier; `E: Clone` | never |
/// | `jitter = 0.1` | shortens each ttl by up to this part of it, at random | the cache's |
/// | `when = expr` | a call for which this is false is not cached: it neither looks nor stores | always |
/// | `unless = expr` | a value for which this is true is not stored: `value` is a `&T`, and no `None` | never |
/// | `lock = true`, `"10s"` | one load in all processes; the time bounds its lease | one load a process |
/// | `local` | kept in the local tier alone; values need no serde | both tiers |
/// | `detach`, `detach = false` | a load goes on when its callers leave; the future must be `Send + 'static` | on for free functions that own their arguments, have no type parameters and don't call themselves; implied by `stale`, `refresh`, `timeout` and `hard_timeout` |
/// | `companion = false`, `name` | leaves out, renames or (for methods) asks for what stands beside the function; `false` needs a `key` | the function's name; none for methods |
/// | `cache = expr` | the `Cache` to use | scoped, else process-wide |
/// | `version = 2` | what a stored value must match; change it with the meaning of the value | 1 |
/// | `crate = path` | where `cache_runtime` lives | `::cache_runtime` |
///
/// A free function `get_user` also gets `get_user::entry(&id)`, `get_user::refresh(id)`,
/// `get_user::uncached(id)` and `get_user::stats()`. A method needs a `key`, since two instances
/// would share entries otherwise, and gets no companions unless `companion = name` asks for a
/// method that makes the entry. So do two functions of one name in two blocks of one function, which have
/// one path: give them keys.
///
/// `when` sees the arguments. `unless` sees the success value, and copies of the arguments it names,
/// since it may be asked when the call has ended: they are `Clone` (`Self`, too, where it names `self`).
/// The closure of `ttl` sees the value alone: what `put` stores has no arguments.
///
/// A detached load runs in its caller as long as there is one; after that it runs on the runtime, in
/// the same cache scope but without the caller's other task-locals.
///
/// `stale`, `refresh`, `timeout` and `hard_timeout` load in the background, and imply `detach`: a
/// caller takes what is at hand, or leaves after its time, and the load goes on and fills. It works
/// on clones of what the call borrows, as `&str`, `&T` and `&self`; where one can't be made, as of
/// `&mut self` or in the boxed future of `#[async_trait]`, the setting is a compile error. For one key
/// there is one such load in a process, with `lock` in all of them, and an invalidation that comes
/// while it runs keeps it from being stored.
///
/// An associated function without a receiver needs `companion = false`: an `impl` has no place for
/// a companion. Under `#[async_trait]`, put the attribute on the method. `#[tracing::instrument]`
/// below the attribute makes a span for each call, above it one for each load.
///
/// # Examples
///
/// ```
/// use cache_runtime::cached;
///
/// #[cached(ttl = 3600, key = "user:<id>", lock = true)]
/// async fn get_user(id: u64) -> Result<String, std::io::Error> {
///     Ok(format!("user {id}"))
/// }
///
/// struct Users {
///     tenant: u32,
/// }
///
/// impl Users {
///     #[cached(ttl = "5m", key = "tenant:<self.tenant>:user:<id>")]
///     async fn user(&self, id: u64) -> Option<String> {
///         Some(format!("user {id} of {}", self.tenant))
///     }
/// }
///
/// #[cached(key = "report:<day>", ttl = "1h", stale = "1d", unless = value.is_empty())]
/// async fn report(day: u32) -> Result<Vec<String>, std::io::Error> {
///     Ok(vec![format!("report of day {day}")])
/// }
/// ```
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    run(item, |item, diagnostics| expand::cached(args.into(), item, diagnostics))
}

/// Invalidates cached entries when an `async fn` has returned `Ok`, or anything that is no
/// `Result`.
///
/// | setting | means |
/// |---|---|
/// | `key = "user:<id>"` | a key, as in `#[cached]`; `<result.id>` is of the success value |
/// | `entry = get_user(id)` | `get_user::entry(&id)`, or any expression that makes an `EntryRef` |
/// | `on = "always"` | also after an error, for functions that can fail after their commit |
/// | `at = "around"` | a barrier is up while the body runs: nothing is cached, and a process that dies between its commit and the invalidation leaves nothing old; `"after"` is the default |
/// | `cache = expr` | the `Cache` of the keys that are named here |
/// | `crate = path` | where `cache_runtime` lives |
///
/// `key` and `entry` may repeat, and so may the attribute. The function's result is never changed.
/// If its caller leaves while the body runs, it invalidates what the arguments name. For a
/// transaction that commits after the function, see `deferred`.
///
/// With `at = "around"`, reads of the key load while the body runs, and store nothing. The barrier
/// stands in the remote tier for a hold (`Builder::barrier_hold`, 10 s) that is extended for as long
/// as the body runs. If the caller leaves or the body panics, the commit may still be on its way: the
/// barrier stays for that hold. It costs a round trip before the body. Where the remote tier is out of
/// reach, the body runs without it, `Stats::barriers_missed` counts that, and the remote tier is told
/// when it is back. A key with `<result.…>` belongs into another `#[invalidates]`: there is no result
/// before the body.
///
/// # Examples
///
/// ```
/// use cache_runtime::{cached, invalidates};
///
/// #[cached]
/// async fn get_user(id: u64) -> Option<String> {
///     Some(format!("user {id}"))
/// }
///
/// #[invalidates(entry = get_user(id), key = "users")]
/// async fn rename_user(id: u64, name: &str) -> Result<(), std::io::Error> {
///     println!("user {id} is {name} now");
///     Ok(())
/// }
///
/// #[invalidates(entry = get_user(id), at = "around")]
/// async fn remove_user(id: u64) -> Result<(), std::io::Error> {
///     println!("user {id} is gone, also if this process is, a moment later");
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn invalidates(args: TokenStream, item: TokenStream) -> TokenStream {
    run(item, |item, diagnostics| expand::invalidates(args.into(), item, diagnostics))
}

/// Writes what an `async fn` has written into the cache as well: the source first, then the cache.
///
/// | setting | means | default |
/// |---|---|---|
/// | `key = "user:<user.id>"` | the key, as in `#[cached]` | |
/// | `entry = get_user(user.id)` | in place of `key`: the entry of a cached function, or any expression that makes an `EntryRef`. The compiler checks that the value is what it caches; it lives for that function's ttl, in its cache and version | |
/// | `value = user` | what is cached: an argument or a path from one, cloned before the body; or `result` | `result`, the success value |
/// | `ttl`, `version`, `cache` | as in `#[cached]`, beside a `key` | |
/// | `crate = path` | where `cache_runtime` lives | `::cache_runtime` |
///
/// While the body runs, a barrier is up, in both tiers: reads of the key load and store nothing. When
/// it has returned, its value takes the barrier's place, in one step. Of writers that overlapped nobody
/// can say which wrote last: none of them stores, and the last one to leave removes the barrier. An
/// invalidation in between counts as a writer. So does an error: what failed may have been written all
/// the same, and nothing is cached.
///
/// If the caller leaves or the body panics, the write may still come through: the barrier stays for
/// its hold (`Builder::barrier_hold`, 10 s). A process that dies leaves it behind as well. Where the
/// remote tier is out of reach, the body runs without its barrier there, `Stats::barriers_missed` counts
/// that, and the remote tier is told to forget the key when it is back. Inside `deferred` nothing is
/// stored, since the transaction commits later; the barrier stays up until then.
///
/// # Examples
///
/// ```
/// use cache_runtime::{cached, write_through};
///
/// #[cached]
/// async fn get_name(id: u64) -> Result<String, std::io::Error> {
///     Ok(format!("user {id}")) // a query, say
/// }
///
/// #[write_through(entry = get_name(id), value = name)]
/// async fn rename(id: u64, name: String) -> Result<(), std::io::Error> {
///     println!("user {id} is {name} now"); // an update, say
///     Ok(())
/// }
///
/// #[write_through(key = "user:<id>", ttl = "1h")]
/// async fn make_user(id: u64) -> Result<String, std::io::Error> {
///     Ok(format!("user {id}")) // an insert, say
/// }
/// ```
#[proc_macro_attribute]
pub fn write_through(args: TokenStream, item: TokenStream) -> TokenStream {
    run(item, |item, diagnostics| expand::write_through(args.into(), item, diagnostics))
}

/// Leaves a write to a journal: the value is in the cache at once, and the body runs later.
///
/// | setting | means | default |
/// |---|---|---|
/// | `key`, `entry`, `ttl`, `version` | as in `#[write_through]` | |
/// | `value = item` | what is cached: an argument or a path from one | the only argument |
/// | `batch = 100` | so many writes are made at once, at most; when so many wait, they are made at once | 100 |
/// | `every = "1s"` | when a write is made after it has come | 1 s |
/// | `max_pending = 10_000` | so many may wait | 10,000 |
/// | `retries = 8` | how often a write is tried | 8 |
/// | `flush = save_items` | an `async fn(Vec<Pending<Item>>) -> Result<(), E>` that makes many at once | the body makes them one by one |
/// | `cache = &CACHE` | the `Cache` to use, also beside an `entry` that is in a cache of its own | scoped, else process-wide |
/// | `crate = path` | where `cache_runtime` lives | `::cache_runtime` |
///
/// A call returns when its value is in the journal and the cache. Readers of the key get it from there,
/// also after it was evicted and in other processes: a load asks the journal before it runs its body.
/// The function returns `()` or `Result<(), E>`; what it gets is owned and serialisable. Of each key the
/// last value is written, at least once. What was held up may come after what is newer: the database
/// must compare `Version::current()`, as in `update … set …, version = $1 where version < $1`.
///
/// A write that fails is tried again, later each time, and then given up: it can be found in
/// `save_item::dead()`, and replayed. When the journal has no room, a write to a key that already waits
/// takes its place, and others are made at once by the body, as they are while it is out of reach.
/// What a process leaves is made by the next one that has the function, from when it installs its
/// cache or enters its scope. `save_item::flush()` makes all that waits now, and so does
/// `Cache::shutdown`; `save_item::pending()` counts.
///
/// # Examples
///
/// ```
/// use cache_runtime::{Pending, Version, cached, write_behind};
///
/// #[cached]
/// async fn stock(id: u64) -> Result<u32, std::io::Error> {
///     Ok(id as u32) // a query, say
/// }
///
/// #[write_behind(entry = stock(id), value = count, every = "5s")]
/// async fn set_stock(id: u64, count: u32) -> Result<(), std::io::Error> {
///     let version = Version::current();
///     println!("update items set stock = {count} where id = {id} and version < {version}");
///     Ok(())
/// }
///
/// #[write_behind(key = "seen:<user>", value = at, flush = write_all)]
/// async fn seen(user: u64, at: u64) -> Result<(), std::io::Error> {
///     println!("user {user} was seen at {at}");
///     Ok(())
/// }
///
/// async fn write_all(all: Vec<Pending<u64>>) -> Result<(), std::io::Error> {
///     println!("{} at once, {:?} the first of them", all.len(), all[0].key);
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn write_behind(args: TokenStream, item: TokenStream) -> TokenStream {
    run(item, |item, diagnostics| expand::write_behind(args.into(), item, diagnostics))
}

fn run(
    item: TokenStream,
    expand: impl FnOnce(proc_macro2::TokenStream, &mut Diagnostics) -> Option<proc_macro2::TokenStream>,
) -> TokenStream {
    diagnostics::or_errors(item.into(), expand).into()
}
