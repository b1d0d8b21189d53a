//! What no cache can beat: a map without locks, clocks or bounds.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use foldhash::fast::RandomState;

use crate::contender::Contender;
use crate::expiry::Case as Expiry;
use crate::hit::{Case, Returns};
use crate::stampede::{slow, slow_shared};
use crate::workload::{LoadError, User, Value};

/// The name of the case others are compared with.
pub const FLOOR: &str = "HashMap, u64 key, foldhash, no lock";

/// The name of the case that crowds are compared with.
pub const CROWD: &str = "wakers in a list, no cache";

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

/// A list of wakers for each value and nothing else: what the runtime, the memory and the value take
/// when a crowd is woken.
pub fn stampedes() -> Vec<Contender> {
    vec![listed(CROWD, slow), listed("wakers in a list, no cache → Arc<User>", slow_shared)]
}

/// Those who wait for a value, and the value.
struct List<V> {
    waiting: Mutex<Vec<Waker>>,
    value: OnceLock<V>,
}

impl<V> Default for List<V> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), value: OnceLock::new() }
    }
}

fn listed<V, F>(name: &'static str, load: fn(u64) -> F) -> Contender
where
    V: Value + Borrow<User>,
    F: Future<Output = Result<V, LoadError>> + Send + 'static,
{
    let lists: Arc<Mutex<HashMap<u64, Arc<List<V>>>>> = Arc::default();
    Contender::new(name, move |id| {
        let mut lists = lists.lock().unwrap_or_else(PoisonError::into_inner);
        let mut loads = false;
        let list = lists.entry(id).or_insert_with(|| {
            loads = true;
            Arc::default()
        });
        let list = list.clone();
        async move {
            if loads {
                let user = load(id).await?;
                // Before the lock: who takes it from now on finds the value.
                let user = list.value.get_or_init(|| user).clone();
                let waiting = mem::take(&mut *list.lock());
                waiting.into_iter().for_each(Waker::wake);
                return Ok::<V, LoadError>(user);
            }
            Ok(poll_fn(|context| list.poll(context)).await)
        }
    })
}

impl<V: Clone> List<V> {
    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, context: &Context<'_>) -> Poll<V> {
        if let Some(value) = self.value.get() {
            return Poll::Ready(value.clone());
        }
        let mut waiting = self.lock();
        if let Some(value) = self.value.get() {
            return Poll::Ready(value.clone());
        }
        waiting.push(context.waker().clone());
        Poll::Pending
    }
}

/// The value made in place: what the readers and the machine take by themselves.
pub fn expiries() -> Vec<Expiry> {
    let made = |id| async move { User::try_load(id) };
    vec![Expiry::control(Contender::new("no cache and no load", made))]
}
