//! What no cache can beat: a map without locks, clocks or bounds.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use tokio::sync::watch::{Receiver, channel};

use crate::contender::Contender;
use crate::expiry::Case as Expiry;
use crate::hit::{Case, Returns};
use crate::stampede::{slow, slow_shared};
use crate::workload::{LoadError, User, Value};

/// The name of the case others are compared with.
pub const FLOOR: &str = "HashMap, u64 key, foldhash, no lock";

/// The name of the case that crowds are compared with.
pub const CROWD: &str = "tokio watch, no cache";

/// The floor, filled with `n` values.
pub fn hits(returns: Returns, n: u64) -> Vec<Case> {
    match returns {
        Returns::Number => vec![floor::<u64>(n)],
        Returns::Shared => vec![floor::<Arc<User>>(n)],
        Returns::Owned => vec![floor::<User>(n)],
    }
}

fn floor<V: Value>(n: u64) -> Case {
    let map: HashMap<u64, V, RandomState> = (0..n).map(|id| (id, V::load(id))).collect();
    Case::direct(FLOOR, move |id| map.get(&id).cloned())
}

/// A watch for each value and nothing else: what it takes to wake a crowd.
pub fn stampedes() -> Vec<Contender> {
    vec![watched(CROWD, slow), watched("tokio watch, no cache → Arc<User>", slow_shared)]
}

fn watched<V, F>(name: &'static str, load: fn(u64) -> F) -> Contender
where
    V: Value + Borrow<User>,
    F: Future<Output = Result<V, LoadError>> + Send + 'static,
{
    let watches: Arc<Mutex<HashMap<u64, Receiver<Option<V>>>>> = Arc::default();
    Contender::new(name, move |id| {
        let mut loads = None;
        let mut watches = watches.lock().unwrap_or_else(PoisonError::into_inner);
        let watch = watches.entry(id).or_insert_with(|| {
            let (sender, watch) = channel(None);
            loads = Some(sender);
            watch
        });
        let mut watch = watch.clone();
        async move {
            if let Some(sender) = loads {
                sender.send_replace(load(id).await.ok());
            }
            let user = watch.wait_for(Option::is_some).await.ok().and_then(|user| user.clone());
            user.ok_or_else(|| LoadError("the load was dropped".to_owned()))
        }
    })
}

/// The value made in place: what the readers and the machine take by themselves.
pub fn expiries() -> Vec<Expiry> {
    let made = |id| async move { User::try_load(id) };
    vec![Expiry::control(Contender::new("no cache and no load", made))]
}
