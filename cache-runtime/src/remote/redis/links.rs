//! One link to the server for each runtime that uses it: a connection lives and dies with the
//! runtime that drives it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use tokio::runtime::{Handle, Id};

use super::keeper::{Connection, Link, keep, unavailable};
use super::place::Place;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Prehashed;

/// The ids of runtimes count up: they are no worse as hashes than any.
type Map = HashMap<Id, Arc<Link>, Prehashed>;

pub(super) struct Links {
    place: Place,
    map: RwLock<Map>,
}

impl Links {
    pub(super) fn new(place: Place) -> Self {
        let map = RwLock::default();
        Self { place, map }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The connection that the current runtime has to where the place leads, at once if it is known to
    /// be up or down.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<Arc<Connection>> {
        let runtime = current()?;
        let known = self.read().get(&runtime.id()).and_then(|link| link.known());
        let connection = match known {
            Some(known) => known?,
            None => {
                let link = self.link(&runtime);
                Box::pin(async move { link.connection().await }).await?
            }
        };
        if !self.place.may_ask(connection.origin()) {
            connection.moved();
            return Err(unavailable("another server is the primary now"));
        }
        Ok(connection)
    }

    /// The link that a runtime has, and is given if it has none.
    #[cold]
    pub(super) fn link(self: &Arc<Self>, runtime: &Handle) -> Arc<Link> {
        let known = self.read().get(&runtime.id()).cloned();
        known.unwrap_or_else(|| self.start(runtime))
    }

    fn start(self: &Arc<Self>, runtime: &Handle) -> Arc<Link> {
        let link = Arc::new(Link::new());
        let first = Arc::clone(self.write().entry(runtime.id()).or_insert(Arc::clone(&link)));
        if !Arc::ptr_eq(&first, &link) {
            return first;
        }
        let leave =
            Leave { links: Arc::downgrade(self), runtime: runtime.id(), link: Arc::clone(&link) };
        let place = self.place.clone();
        // Outside of the lock: a runtime that is ending drops the task, and `leave`, at once.
        let keeper = runtime.spawn(async move { keep(&leave.link, &place).await });
        link.kept_by(keeper.abort_handle());
        link
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        for link in self.read().values() {
            link.end();
        }
    }
}

fn current() -> Result<Handle> {
    Handle::try_current().map_err(|error| {
        Error::new(ErrorKind::Unavailable, "Redis needs a tokio runtime").with_source(error)
    })
}

/// Takes a runtime's link out of the map when its keeper ends, which is when the runtime does.
struct Leave {
    links: Weak<Links>,
    runtime: Id,
    link: Arc<Link>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.link.end();
        // A keeper panics where the runtime has no driver for sockets or timers. The next one would
        // too, so the link stays where it is, down.
        if std::thread::panicking() {
            return;
        }
        let Some(links) = self.links.upgrade() else {
            return;
        };
        let mut map = links.write();
        let mine = |link: &Arc<Link>| Arc::ptr_eq(link, &self.link);
        if map.get(&self.runtime).is_some_and(mine) {
            map.remove(&self.runtime);
        }
    }
}
