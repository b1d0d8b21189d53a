//! Who is told of the changes of a store in memory.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::{Error, ErrorKind, Result};
use crate::remote::Changes;

#[derive(Default)]
pub(super) struct Followers {
    state: Mutex<State>,
    cut: Notify,
}

#[derive(Default)]
struct State {
    followers: Vec<(u64, Changes)>,
    arrivals: u64,
    /// The keys that changed since changes are held, if they are.
    held: Option<Vec<String>>,
}

impl Followers {
    /// Tells `changes` of every change, until it is cut.
    pub(super) async fn follow(&self, changes: Changes) -> Result<Infallible> {
        let cut = self.cut.notified();
        let _following = self.add(changes);
        cut.await;
        Err(Error::new(ErrorKind::Unavailable, "the test has cut the feed"))
    }

    fn add(&self, changes: Changes) -> Following<'_> {
        let mut state = self.locked();
        state.arrivals += 1;
        let id = state.arrivals;
        state.followers.push((id, changes.clone()));
        drop(state);
        changes.armed(changes.now());
        // Changes are told before who makes them gets an answer.
        changes.alive_for_ever();
        Following { followers: self, id }
    }

    pub(super) fn tell(&self, key: &str) {
        let mut state = self.locked();
        if let Some(held) = &mut state.held {
            return held.push(key.to_owned());
        }
        let followers: Vec<_> = state.followers.iter().map(|it| it.1.clone()).collect();
        drop(state);
        followers.iter().for_each(|changes| changes.changed(key.as_bytes()));
    }

    pub(super) fn hold(&self) {
        self.locked().held.get_or_insert_default();
    }

    pub(super) fn release(&self) {
        let held = self.locked().held.take();
        held.into_iter().flatten().for_each(|key| self.tell(&key));
    }

    pub(super) fn cut(&self) {
        self.cut.notify_waiters();
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One follower. Dropped, it is told no more.
struct Following<'a> {
    followers: &'a Followers,
    id: u64,
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.followers.locked().followers.retain(|it| it.0 != self.id);
    }
}
