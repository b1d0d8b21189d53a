//! What lets changes through to the cache.

use std::sync::{Arc, Mutex, PoisonError};

use redis::{PushInfo, Value};

use crate::remote::feed::Changes;

/// What may still be told: everything until it is dropped, and nothing from then on.
///
/// A connection's task may outlive the future that made it by a moment, on another thread.
pub(super) struct Gate {
    pub(super) speaker: Speaker,
}

/// The mouth of a [`Gate`], to be had by many.
#[derive(Clone)]
pub(super) struct Speaker {
    changes: Arc<Mutex<Option<Changes>>>,
}

impl Gate {
    pub(super) fn new(changes: Changes) -> Self {
        Self { speaker: Speaker { changes: Arc::new(Mutex::new(Some(changes))) } }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.speaker.with(|changes| *changes = None);
    }
}

impl Speaker {
    /// Which keys the server says have changed.
    pub(super) fn invalidated(&self, push: &PushInfo) {
        self.tell(|changes| tell(changes, &push.data));
    }

    /// Tells under the lock: who closes the gate waits for what is being told.
    pub(super) fn tell(&self, what: impl FnOnce(&Changes)) {
        self.with(|changes| {
            if let Some(changes) = changes {
                what(changes);
            }
        });
    }

    fn with(&self, act: impl FnOnce(&mut Option<Changes>)) {
        act(&mut self.changes.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A list of keys, or nil for all of them; what is neither might be anything.
fn tell(changes: &Changes, invalidated: &[Value]) {
    let [Value::Array(keys)] = invalidated else {
        return changes.all_changed();
    };
    for key in keys {
        match key {
            Value::BulkString(key) => changes.changed(key),
            _ => changes.all_changed(),
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use redis::PushKind;

    use super::*;
    use crate::testing::ChangeLog;

    fn invalidate(data: Vec<Value>) -> PushInfo {
        PushInfo { kind: PushKind::Invalidate, data }
    }

    #[test]
    fn a_closed_gate_lets_nothing_through() {
        let log = ChangeLog::new("shop:");
        let gate = Gate::new(log.changes());
        let speaker = gate.speaker.clone();
        let keys = vec![Value::Array(vec![Value::BulkString(b"shop:k".to_vec())])];
        speaker.invalidated(&invalidate(keys.clone()));
        assert_eq!(log.take(), ["k"]);
        drop(gate);
        speaker.invalidated(&invalidate(keys));
        speaker.invalidated(&invalidate(vec![Value::Nil]));
        assert_eq!((log.take().len(), log.all_changed()), (0, 0));
    }

    #[test]
    fn what_is_no_list_of_keys_may_be_any_change() {
        for data in [vec![], vec![Value::Nil], vec![Value::Array(vec![Value::Int(1)])]] {
            let log = ChangeLog::new("shop:");
            tell(&log.changes(), &data);
            assert_eq!((log.take().len(), log.all_changed()), (0, 1));
        }
    }
}
