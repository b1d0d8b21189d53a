//! What no cache can beat: a map without locks, clocks or bounds.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::contender::Contender;
use crate::expiry::Case as Expiry;
use crate::hit::{Case, Returns};
use crate::workload::{User, Value};

/// The name of the case others are compared with.
pub const FLOOR: &str = "HashMap, u64 key, foldhash, no lock";

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

/// The value made in place: what the readers and the machine take by themselves.
pub fn expiries() -> Vec<Expiry> {
    let made = |id| async move { User::try_load(id) };
    vec![Expiry::control(Contender::new("no cache and no load", made))]
}
