//! Who is told of the changes of a store in memory.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::remote::Changes;

#[derive(Default)]
pub(super) struct Followers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    followers: Vec<(u64, Changes)>,
    arrivals: u64,
    /// The keys that changed since changes are held, if they are.
    held: Option<Vec<String>>,
}

impl Followers {
    /// Tells `changes` of every change, for ever.
    pub(super) async fn follow(&self, changes: Changes) -> Infallible {
        let _following = self.add(&changes);
        pending().await
    }

    fn add(&self, changes: &Changes) -> Following<'_> {
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
        for changes in followers {
            changes.changed(key.as_bytes());
        }
    }

    pub(super) fn hold(&self) {
        self.locked().held.get_or_insert_default();
    }

    pub(super) fn release(&self) {
        let held = self.locked().held.take();
        held.into_iter().flatten().for_each(|key| self.tell(&key));
    }

    pub(super) fn count(&self) -> usize {
        self.locked().followers.len()
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
